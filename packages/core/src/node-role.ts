import type { Json, JsonObject } from './json.ts';
import type { ErrorKind } from './role.ts';

/** `etcd-member@edge-etcd-1` on a node, `etcd-ca` of the deployment: unique among the living of one deployment. */
export type NodeRoleKey = string;

export const nodeRoleKey = (as: string, node: string | null): NodeRoleKey => (node === null ? as : `${as}@${node}`);

export interface StepError {
  readonly kind: ErrorKind;
  readonly code: string;
  readonly message: string;
}

/**
 * The states of a node-role; `transition.ts` says which follows which. A node-role that is queued, running or waiting
 * *holds*: its lane, its limits and its locks are taken. In every other state it holds none but the locks it keeps
 * while it will be retried by itself.
 */
export type NodeRoleState =
  | { readonly state: 'proposed' }
  | { readonly state: 'blocked' }
  | { readonly state: 'ready'; readonly queued: boolean }
  | { readonly state: 'running'; readonly attempt: number }
  | { readonly state: 'waiting'; readonly attempt: number; readonly untilMs: number; readonly why: string }
  | { readonly state: 'active' }
  | { readonly state: 'failed'; readonly error: StepError; readonly retryAtMs: number | null }
  | { readonly state: 'skipped'; readonly because: string }
  | { readonly state: 'removing'; readonly work: RemovalWork }
  | { readonly state: 'removed' };

/** How far a removal has come: the same walk as an apply, kept apart because it ends elsewhere. */
export type RemovalWork =
  | { readonly phase: 'blocked' }
  | { readonly phase: 'ready'; readonly queued: boolean }
  | { readonly phase: 'running'; readonly attempt: number }
  | { readonly phase: 'waiting'; readonly attempt: number; readonly untilMs: number; readonly why: string }
  | { readonly phase: 'failed'; readonly error: StepError; readonly retryAtMs: number | null };

/** What the last apply left on the machine; survives `ready`, `running` and `failed`. */
export interface Applied {
  readonly inputHash: string;
  /** What went into the hash, secrets as references: the reasons of the next plan come from comparing this. */
  readonly inputs: ResolvedInputs;
  readonly roleDigest: string;
  /** By name; secret ones as references. */
  readonly outputs: JsonObject;
  /** ISO 8601, by the database's clock. */
  readonly at: string;
  /** False from the start of an apply until a verify has passed. */
  readonly clean: boolean;
}

/** The inputs of one node-role, each where it came from. Everything here is hashed but `untracked`. */
export interface ResolvedInputs {
  readonly params: JsonObject;
  readonly facts: JsonObject;
  /** Outputs of `requires` on the same node: role -> output -> value. */
  readonly requires: JsonObject;
  /** Tracked needs: role -> value of one producer, or a list sorted by node for `all`, `founders`, `peers`. */
  readonly needs: JsonObject;
}

/** Untracked needs, read at start; not hashed. */
export type UntrackedNeeds = Readonly<Record<string, Json>>;
