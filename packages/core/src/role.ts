import type { Json, JsonObject } from './json.ts';

/** How much a change disturbs what is running, mildest first. */
export const disruptions = ['none', 'restart', 'drain', 'reboot', 'rebuild'] as const;
export type Disruption = (typeof disruptions)[number];

export type ErrorKind =
  | 'unreachable'
  | 'transient'
  | 'lost'
  | 'failed'
  | 'timeout'
  | 'capacity'
  | 'throttled'
  | 'unavailable';

/** One declared parameter; its full name is `namespace.name`, the namespace the role or the pack. */
export interface ParamDeclaration {
  readonly fullName: string;
  /** JSON Schema 2020-12 of the value, without Formwork's own keywords. */
  readonly schema: JsonObject;
  readonly default?: Json;
  readonly disruption: Disruption;
  readonly secret: boolean;
  readonly immutable: boolean;
  /** `site`: may be set at the site and is left out of the rehearsal hash. */
  readonly scope: 'site' | 'any';
}

export interface OutputDeclaration {
  readonly name: string;
  readonly schema: JsonObject;
  readonly secret: boolean;
  readonly ttlMs: number | null;
  readonly minRemainingMs: number | null;
  /** Template the engine computes the output from, on every provider alike. */
  readonly value?: Json;
  /** What a simulated run answers. A script writes the real one. */
  readonly example?: Json;
}

export interface Requirement {
  /** A role or a capability, on the same node. */
  readonly role: string;
  /** Which of its outputs are inputs of this role; they are tracked (hashed). */
  readonly outputs: readonly string[];
}

export type NeedFrom = 'all' | 'any' | 'one' | 'founders' | 'peers';

/** Outputs wanted from instances on other nodes, or of the deployment. */
export interface Need {
  readonly role: string;
  readonly from: NeedFrom;
  readonly outputs: readonly string[];
  /** Untracked outputs are read at start and are not part of the input hash. */
  readonly tracked: boolean;
  readonly on: 'create' | 'change' | 'both';
  /** How many producers must be active: a number, or a majority of them. 1, the default, is all of them for `all` and `founders`. */
  readonly min: number | 'quorum';
  readonly optional: boolean;
}

export type StepName = 'check' | 'apply' | 'verify' | 'refresh' | 'revoke' | 'remove' | 'evict';
export type Executor = 'script' | 'pki' | 'http' | 'noop' | 'provider';

export interface PkiDeclaration {
  readonly make: 'authority' | 'leaf';
  readonly issuer: string | null;
  readonly commonName: string;
  readonly dns: readonly string[];
  readonly ip: readonly string[];
  readonly days: number;
}

/** A GET until the answer fits: for health gates that need no machine. */
export interface HttpDeclaration {
  readonly url: string;
  readonly method: 'GET' | 'POST';
  readonly expectStatus: number;
  readonly timeoutMs: number;
}

export interface RetryPolicy {
  readonly attempts: number;
  readonly backoffMs: number;
  readonly on: readonly ErrorKind[];
}

/** A role as the engine sees it: normalised, every default filled in. docs/roles.md says what the keys mean. */
export interface RoleDefinition {
  readonly name: string;
  readonly pack: string;
  readonly packVersion: string;
  readonly summary: string;
  /** SHA-256 over steps, files, parameter and output schemas and executor; lower-case hex. */
  readonly digest: string;
  readonly kind: 'state' | 'task' | 'test';
  readonly placement: 'each' | 'once' | 'rest' | 'deployment';
  /** The `once` role that `rest` leaves a node to. */
  readonly restOf: string | null;
  /** For `deployment` placement with scripts: on any node where this role is active. */
  readonly runsOn: string | null;
  readonly requires: readonly Requirement[];
  readonly needs: readonly Need[];
  readonly after: readonly string[];
  readonly provides: readonly string[];
  readonly conflicts: readonly string[];
  readonly facts: readonly string[];
  /** Predicate over declared facts that binds the role by itself; null binds it by stage or `requires`. */
  readonly when: string | null;
  readonly executor: Executor;
  readonly pki: PkiDeclaration | null;
  readonly http: HttpDeclaration | null;
  /** File name within the role's folder, by step. */
  readonly steps: Readonly<Partial<Record<StepName, string>>>;
  readonly files: readonly { readonly from: string; readonly to: string }[];
  readonly params: readonly ParamDeclaration[];
  /** Full names of shared parameters it reads. */
  readonly uses: readonly string[];
  readonly outputs: readonly OutputDeclaration[];
  readonly limits: {
    readonly max: number | string | null;
    readonly lock: { readonly name: string; readonly scope: 'deployment' | 'site' | 'global' } | null;
  };
  readonly cluster: { readonly founding: 'parallel' | 'serial'; readonly quorum: 'majority' | 'none' } | null;
  readonly lane: string;
  readonly timeoutMs: number;
  readonly retry: RetryPolicy;
  readonly upgrades: readonly { readonly from: string; readonly disruption: Disruption; readonly rerun: boolean }[];
  readonly removeOnDestroy: boolean;
}

/** Everything a worker needs to run a role, stored by digest for as long as an applied record names it. */
export interface RoleBundle {
  readonly role: RoleDefinition;
  /** Declarations of the shared parameters in `uses`. */
  readonly shared: readonly ParamDeclaration[];
  /** Content of every file of the role's folder but role.yaml, by path relative to it. */
  readonly files: Readonly<Record<string, string>>;
}

export interface StageItem {
  /** A role, or a capability that the site's provider resolves. */
  readonly role: string;
  readonly as: string;
  /** Parameters set by the workflow for this binding, by full name. */
  readonly params: Readonly<Record<string, Json>>;
}

export interface Stage {
  readonly name: string;
  readonly barrier: boolean;
  readonly onFailure: 'stop-node' | 'continue';
  readonly deployment: readonly StageItem[];
  /** Items by slot; `*` is every group. */
  readonly nodes: Readonly<Record<string, readonly StageItem[]>>;
}

export interface Workflow {
  readonly name: string;
  readonly pack: string;
  readonly summary: string;
  readonly slots: Readonly<
    Record<string, { readonly min: number; readonly max: number | null; readonly oddAdvised: boolean }>
  >;
  readonly stages: readonly Stage[];
}

export interface Profile {
  readonly name: string;
  readonly pack: string;
  /** By full parameter name. */
  readonly params: Readonly<Record<string, Json>>;
}

export interface Pack {
  readonly name: string;
  readonly version: string;
  readonly summary: string;
  /** Packs it builds on, with the version ranges it accepts. */
  readonly packs: Readonly<Record<string, string>>;
  readonly params: readonly ParamDeclaration[];
  readonly roles: readonly RoleDefinition[];
  readonly workflows: readonly Workflow[];
  readonly profiles: readonly Profile[];
  readonly digest: string;
}

/** The packs one specification resolves to: names are unique over all of them. */
export interface Content {
  readonly packs: readonly Pack[];
}
