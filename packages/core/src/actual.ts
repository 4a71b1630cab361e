import type { Json } from './json.ts';
import type { Catalogue, Facts, SizeRequest } from './machine.ts';
import type { Applied, NodeRoleKey, NodeRoleState } from './node-role.ts';
import type { Specification } from './specification.ts';

export type NodeState =
  | 'planned'
  | 'creating'
  | 'ready'
  | 'unreachable'
  | 'maintenance'
  | 'destroying'
  | 'destroyed'
  | 'failed';

/** A node of the deployment as the database knows it; destroyed ones are not listed. */
export interface ActualNode {
  readonly id: string;
  readonly name: string;
  readonly group: string;
  readonly ordinal: number;
  readonly site: string;
  readonly state: NodeState;
  readonly origin: 'created' | 'adopted' | 'pooled';
  /** Declared lost by a person or policy, or seen as absent by its provider. */
  readonly lost: boolean;
  readonly image: string | null;
  readonly size: SizeRequest | string | null;
  readonly capabilities: readonly string[];
  readonly facts: Facts;
  readonly version: number;
}

/** A node-role as stored; removed ones are not listed. */
export interface ActualNodeRole {
  readonly id: string;
  readonly key: NodeRoleKey;
  readonly role: string;
  readonly as: string;
  /** Node name; null for the deployment's own. */
  readonly node: string | null;
  readonly state: NodeRoleState;
  readonly applied: Applied | null;
  readonly founder: boolean;
  /** A `once` role's binding, or a role that was ever started: never moved. */
  readonly everStarted: boolean;
  readonly version: number;
}

export interface Actual {
  /** What is approved now; null before the first approval. */
  readonly committed: Specification | null;
  readonly committedVersion: number;
  readonly nodes: readonly ActualNode[];
  readonly nodeRoles: readonly ActualNodeRole[];
  /** Frozen founders by role name: node names. A founder that was destroyed stays listed. */
  readonly founders: Readonly<Record<string, readonly string[]>>;
  /** Frozen bindings of `once` roles: role `as` -> node name. */
  readonly once: Readonly<Record<string, string>>;
}

/** A configured place, as the plan needs it. */
export interface SiteView {
  readonly name: string;
  readonly provider: string;
  /** Role name by capability that the provider's stage one provides (`machine-ready` -> `machine`). */
  readonly capabilities: Readonly<Record<string, string>>;
  /** Parameters of the site layer, by full name. */
  readonly params: Readonly<Record<string, Json>>;
  readonly catalogue: Catalogue | null;
  readonly maxNodes: number | null;
}
