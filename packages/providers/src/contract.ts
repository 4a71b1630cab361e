/**
 * The provider contract. A provider is a folder beside this file; it makes machines, says what it sees of them and
 * removes them, at one site. Every call is re-entrant: it looks, does at most one small thing, and answers; it never
 * waits inside. The engine alone decides when to call again, whether to retry and how often.
 *
 * Rule numbers are those of docs/provider-contract.md; test/conformance holds a test for each.
 */
import type { Catalogue, Facts, Json, JsonObject, MachineStore, SizeRequest } from '@formwork/core';
import type { z } from 'zod';

/** Rule 8: the closed set of what can go wrong at a provider. */
export type ProviderErrorKind =
  | 'capacity'
  | 'quota'
  | 'throttled'
  | 'auth'
  | 'not-found'
  | 'conflict'
  | 'invalid'
  | 'unavailable'
  | 'bug';

export interface ProviderFailure {
  readonly kind: ProviderErrorKind;
  /** The provider's own code, as it gave it (`InsufficientInstanceCapacity`). */
  readonly code: string;
  /** The provider's own text and what to do; never a secret. */
  readonly message: string;
  /** Set for `throttled`, where the provider said or implied when to come back. */
  readonly retryAfterMs?: number;
}

/** What every re-entrant step answers. */
export type StepResult<Outputs> =
  | { readonly state: 'done'; readonly outputs: Outputs }
  | { readonly state: 'pending'; readonly retryAfterMs: number; readonly progress: string }
  | { readonly state: 'failed'; readonly failure: ProviderFailure };

/** Rule 9: every call carries these; the provider stops at once when the signal fires. */
export interface CallContext {
  readonly signal: AbortSignal;
  /** Upper bound for this one call, milliseconds. */
  readonly timeoutMs: number;
}

/** Rule 3: what everything a provider makes is tagged with. */
export interface OwnerTags {
  readonly siteId: string;
  /** The deployment's uid, never its name: names are used again. */
  readonly deploymentId: string;
  readonly nodeId: string;
  readonly incarnation: number;
}

export interface NodeRequest {
  /** Rule 4: hash(node id, incarnation, candidate); the same key never makes a second machine. */
  readonly key: string;
  readonly tags: OwnerTags;
  /** `<deployment>-<group>-<ordinal>`; also the hostname the machine comes up with. */
  readonly name: string;
  readonly deploymentName: string;
  /** Portable names, resolved by the site (rule 10); null takes the site's default. */
  readonly image: string | null;
  readonly size: SizeRequest | string | null;
  readonly capabilities: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
  /** OpenSSH one-line public key that may log in (rule 11). */
  readonly sshPublicKey: string;
  /** Index into the site's ordered list of candidates (zone, type); the engine moves on after capacity is definite. */
  readonly candidate: number;
}

/** What names a machine in later calls. `nodeId` and `key` find it again even when `providerId` was never stored. */
export interface NodeReference {
  readonly tags: OwnerTags;
  readonly key: string;
  readonly name: string;
  readonly providerId: string | null;
}

export interface NodeAddress {
  readonly host: string;
  /** Where SSH answers: not always 22, and with Docker Desktop not on the machine's own address. */
  readonly port: number;
  readonly family: 4 | 6;
  readonly scope: 'private' | 'public';
}

/** Rule 5. `pinned`: a channel other than the first connection told us the key; `first-use`: none did, and we say so. */
export interface HostKey {
  /** `ssh-ed25519 AAAA...`, without comment. */
  readonly publicKey: string;
  readonly trust: 'pinned' | 'first-use';
}

export interface Observation {
  readonly state: 'absent' | 'creating' | 'running' | 'stopped' | 'failed';
  /** SSH answers with the expected host key. */
  readonly ready: boolean;
  readonly providerId: string | null;
  readonly addresses: readonly NodeAddress[];
  readonly hostKey: HostKey | null;
  /** The user that may log in, and whether it is root already. A user that is not root has sudo without a password. */
  readonly user: string;
  readonly facts: Facts;
  /** One sentence of what it looks like now, for progress and errors. */
  readonly message: string;
}

/** Rule 7. One thing that carries our tags and would cost money or space if it stayed. */
export interface OwnedResource {
  readonly kind: string;
  readonly id: string;
  readonly tags: OwnerTags;
}

export interface SiteProblem {
  /** Field of the site's configuration, `$.bridge`; `$` when it is none of them. */
  readonly path: string;
  readonly message: string;
  readonly remedy: string;
}

export interface SiteCheck {
  readonly ok: boolean;
  readonly problems: readonly SiteProblem[];
  /** What was found, in one line each (versions, driver, network). */
  readonly notes: readonly string[];
}

/** How a simulated step went; no script ran. */
export type SimulatedOutcome =
  | { readonly kind: 'done' }
  | { readonly kind: 'transient'; readonly message: string }
  | { readonly kind: 'not-yet'; readonly retryAfterMs: number; readonly message: string }
  | { readonly kind: 'reboot' }
  | { readonly kind: 'failed'; readonly message: string }
  | { readonly kind: 'unreachable'; readonly message: string }
  | { readonly kind: 'lost'; readonly message: string };

export interface SimulatedStep {
  readonly nodeId: string;
  readonly role: string;
  readonly action: string;
  readonly attempt: number;
  /** When this attempt first started, milliseconds since the epoch: a worker that takes over waits only the rest. */
  readonly startedAtMs: number;
}

/** Rule 13: optional abilities are small objects of their own. */
export interface PowerCapability {
  /** `off` on a machine that is off is done, as is `on` on one that is on. */
  set(node: NodeReference, state: 'on' | 'off' | 'cycle', context: CallContext): Promise<StepResult<null>>;
}
export interface ConsoleCapability {
  /** The last `maxBytes` bytes of the machine's console, as text. */
  tail(node: NodeReference, maxBytes: number, context: CallContext): Promise<string>;
}

/** For providers whose machines are physical: what can be done with one whether a node has it or not. */
export interface MachinesCapability {
  /** Switches a machine of the inventory; answers when its power is so. */
  power(
    machineId: string,
    action: 'on' | 'off' | 'soft' | 'reset' | 'cycle',
    context: CallContext,
  ): Promise<StepResult<null>>;
  /**
   * Begins with the machines whose turn it is and answers how many that were; called again and again, by any worker. What it
   * began goes on until `close`.
   */
  keep(context: CallContext): Promise<number>;
}

/** A step of stage one beside `create` and `destroy`. Re-entrant, as every call. */
export type StageStep = (request: NodeRequest, context: CallContext) => Promise<StepResult<JsonObject>>;

/** One site of one provider, opened with its configuration. Holds no state that the site itself does not. */
export interface Provider {
  check(context: CallContext): Promise<SiteCheck>;
  catalogue(context: CallContext): Promise<Catalogue>;
  ensureNode(request: NodeRequest, context: CallContext): Promise<StepResult<{ readonly providerId: string }>>;
  observeNode(node: NodeReference, context: CallContext): Promise<Observation>;
  destroyNode(node: NodeReference, context: CallContext): Promise<StepResult<null>>;
  /** All pages of what carries our tags: of one deployment, or of the whole site when `deploymentId` is null. */
  listOwned(filter: { readonly deploymentId: string | null }, context: CallContext): Promise<readonly OwnedResource[]>;
  /** Present exactly when the descriptor says `scripts: 'simulated'`. */
  simulate?(step: SimulatedStep, signal: AbortSignal): Promise<SimulatedOutcome>;
  readonly power?: PowerCapability;
  readonly console?: ConsoleCapability;
  readonly machines?: MachinesCapability;
  /** Named handlers that `stageOne` refers to, beside `create` and `destroy`. */
  readonly steps?: Readonly<Record<string, StageStep>>;
  close(): Promise<void>;
}

/** Machine-ready steps by name; `stageOne` refers to them. */
export interface StageOneRole {
  /** Name of a role with `executor: provider` in a content pack. */
  readonly role: string;
  readonly requires: readonly string[];
  /** Exactly one role of the list provides `machine-ready`; `destroy` is its removal, and takes the others along. */
  readonly provides: readonly string[];
  /** `create`, `destroy` (machine-steps.ts), a name of `steps` of the opened provider, or null: nothing is to be done. */
  readonly steps: { readonly apply: string; readonly remove: string | null };
}

export interface Descriptor<Config = unknown, Credentials = unknown> {
  readonly name: string;
  readonly title: string;
  readonly configuration: z.ZodType<Config>;
  readonly credentials: z.ZodType<Credentials>;
  /** How scripts run on this provider's nodes. */
  readonly scripts: 'ssh' | 'simulated';
  readonly optional: readonly (
    | 'power'
    | 'console'
    | 'bootDevice'
    | 'images'
    | 'networks'
    | 'inspect'
    | 'sshFingerprints'
  )[];
  readonly stageOne: readonly StageOneRole[];
}

/** The inventory of physical machines, as a provider gets at it (ADR 0022). */
export interface MachineAccess {
  readonly store: MachineStore;
  /** What this site's workers alone can make of a text, always the same: one-time tokens that are kept nowhere. */
  readonly keyed: (text: string) => Promise<string>;
  /** Who is to be named in events: `worker:<id>`. */
  readonly actor: string;
}

export interface OpenOptions<Config, Credentials> {
  readonly siteId: string;
  readonly siteName: string;
  readonly configuration: Config;
  readonly credentials: Credentials;
  /** A directory of this host that is this site's alone, kept between runs. */
  readonly dataDirectory: string;
  readonly log: (message: string, fields: Readonly<Record<string, Json>>) => void;
  /** Given to every provider by a worker; only one that takes machines from a pool asks for it. */
  readonly machines?: MachineAccess;
}

/** What the registry lists. `open` does no I/O; `check` does. */
export interface ProviderModule<Config, Credentials> {
  readonly descriptor: Descriptor<Config, Credentials>;
  open(options: OpenOptions<Config, Credentials>): Provider;
}
