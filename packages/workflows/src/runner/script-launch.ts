import type { Json, JsonObject, OutputDeclaration, StepName } from '@formwork/core';

/** Where a script runs, and how we get there. */
export interface ScriptTarget {
  readonly host: string;
  readonly port: number;
  /** `root`, or a user with `sudo -n`. */
  readonly user: string;
  /** OpenSSH private key (PEM), in memory only. */
  readonly privateKey: string;
  /** The one host key we accept, `ssh-ed25519 AAAA...`. */
  readonly hostKey: string;
  /** Puts the node-side state under this directory instead of /run/formwork and /var/lib/formwork. */
  readonly stateRoot?: string;
  /** What a declared reboot runs on the node; words split at blanks. Default: `systemctl reboot`, else `reboot`. */
  readonly rebootCommand?: string;
  /** Taken for the node's boot id instead of the real one, so that a restart can be rehearsed. */
  readonly bootId?: string;
}

export type ScriptPhase =
  /** check, then apply unless check says that all is as wanted, then verify. */
  | 'apply'
  /** verify alone, after a declared reboot. */
  | 'verify'
  | 'remove'
  | 'evict'
  | 'refresh';

export type ScriptAction = 'run' | 're-run' | 'join' | 'refresh' | 'remove' | 'evict';

/** One attempt of a node-role's scripts: everything the node has to know. */
export interface ScriptLaunch {
  /** Letters, digits, `-`, `_`; the same id again attaches to the attempt instead of starting it. */
  readonly attemptId: string;
  readonly nodeRoleId: string;
  /** Rises at every claim; the node refuses a lower one than it has seen of this node-role. */
  readonly fence: number;
  readonly lane: string;
  readonly action: ScriptAction;
  readonly founding: boolean;
  readonly phase: ScriptPhase;
  /** File name in the role's folder, by step. */
  readonly steps: Readonly<Partial<Record<StepName, string>>>;
  /** Digest of `files`: what the node caches the folder by. */
  readonly bundleDigest: string;
  /** The role's folder: content by path relative to it. */
  readonly files: Readonly<Record<string, string>>;
  /** Becomes in/inputs.json and the leaf files; secrets are plain values here and nowhere else. */
  readonly inputs: JsonObject;
  /** What in `inputs` is secret: dotted paths (`requires.etcd-cert.key`) or JSON pointers. Whole subtrees count. */
  readonly secretPaths: readonly string[];
  /** Inputs of the last apply, without secrets. */
  readonly previous: Json | null;
  /** The role's rendered `files`, by `to`. */
  readonly rendered: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
  /** With phase `verify` after a reboot: nothing runs before the node's boot id differs from this. */
  readonly fromBootId: string | null;
  /** FW_ROLE; empty when not given. */
  readonly role?: string;
  /** When given, the outputs are typed by it and a missing one fails the attempt. */
  readonly outputs?: readonly OutputDeclaration[];
}

/** How an attempt ended, or what the engine should do next. */
export type ScriptResult =
  /** `applied` is false when check said that all is as wanted and apply did not run. */
  | { readonly kind: 'done'; readonly outputs: JsonObject; readonly applied: boolean }
  | { readonly kind: 'transient'; readonly message: string }
  | { readonly kind: 'not-yet'; readonly retryAfterMs: number; readonly why: string }
  /** The node restarts itself within seconds; go on with phase `verify` and `fromBootId: bootId`. */
  | { readonly kind: 'reboot'; readonly bootId: string }
  | { readonly kind: 'failed'; readonly step: string; readonly exitCode: number; readonly message: string }
  | { readonly kind: 'timeout'; readonly message: string }
  | { readonly kind: 'lost'; readonly message: string }
  | { readonly kind: 'unreachable'; readonly message: string }
  | { readonly kind: 'fenced'; readonly message: string }
  | { readonly kind: 'host-key-changed'; readonly message: string }
  | { readonly kind: 'aborted' };

/** A piece of the attempt's log, secrets masked. */
export interface LogChunk {
  /** Byte offset in the node's log where this piece begins; a greater one than the last `nextOffset` is a gap. */
  readonly offset: number;
  /** Where the next piece begins: attach from here after a restart. Masking makes it differ from offset + length. */
  readonly nextOffset: number;
  readonly text: string;
}

export interface RunOptions {
  /** Stops following; the attempt goes on on the node. The promise rejects with the signal's reason. */
  readonly signal: AbortSignal;
  /** Kills the attempt on the node; the result is `aborted`. */
  readonly abort?: AbortSignal;
  readonly onLog?: (chunk: LogChunk) => void;
  /** Byte offset from which the log is wanted. */
  readonly fromOffset?: number;
  /** The caller knows that it was started before: when the node knows nothing of it, it is lost, not started. */
  readonly attachOnly?: boolean;
}
