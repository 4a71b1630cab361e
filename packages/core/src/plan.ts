import type { Graph } from './graph.ts';
import type { NodeRoleKey } from './node-role.ts';
import type { Disruption } from './role.ts';

export type PlanActionKind =
  | 'create-node'
  | 'run'
  | 're-run'
  | 'join'
  | 'refresh'
  | 'remove'
  | 'evict'
  | 'destroy-node'
  | 'replace'
  | 'none';

/** Why an action is in the plan, machine-readable; `renderPlan` says it in words. */
export type PlanReason =
  | { readonly kind: 'new-node' }
  | { readonly kind: 'new-role' }
  | { readonly kind: 'param'; readonly names: readonly string[] }
  | { readonly kind: 'fact'; readonly names: readonly string[] }
  | { readonly kind: 'role-changed'; readonly from: string; readonly to: string }
  | { readonly kind: 'new-producer'; readonly role: string; readonly nodes: readonly string[] }
  | { readonly kind: 'producer-gone'; readonly role: string; readonly nodes: readonly string[] }
  | { readonly kind: 'output'; readonly role: string; readonly outputs: readonly string[] }
  | { readonly kind: 'not-clean' }
  | { readonly kind: 'unfinished'; readonly state: string }
  | { readonly kind: 'requested' }
  | { readonly kind: 'scale-down' }
  | { readonly kind: 'omitted' }
  | { readonly kind: 'node-gone' }
  | { readonly kind: 'role-unbound' }
  | { readonly kind: 'destroy' };

export type Certainty =
  | { readonly kind: 'will' }
  | { readonly kind: 'if-output-changed'; readonly role: string; readonly output: string };

export interface PlanAction {
  readonly action: PlanActionKind;
  readonly nodeRole: NodeRoleKey;
  readonly role: string;
  readonly as: string;
  readonly node: string | null;
  readonly reason: PlanReason;
  readonly disruption: Disruption;
  readonly certainty: Certainty;
}

/** The envelope of a run: what falls inside runs, what exceeds it waits for approval. Pure data, stored as it is. */
export interface Plan {
  readonly deployment: string;
  readonly purpose: 'apply' | 'destroy' | 'task';
  /** In the order the graph allows, ties by stage, then node, then role. `none` is not listed. */
  readonly actions: readonly PlanAction[];
  readonly graph: Graph;
  /** Wanted node-roles in all, `none` included: the 29 of "3 of 29". */
  readonly total: number;
  /** How many nodes of the graph neither come nor go with it. */
  readonly nodesStaying: number;
  /** Founders and `once` bindings this plan makes, to be frozen at approval. */
  readonly founders: Readonly<Record<string, readonly string[]>>;
  readonly once: Readonly<Record<string, string>>;
  /** Greatest disruption by node name. */
  readonly disruption: Readonly<Record<string, Disruption>>;
  readonly precondition: {
    readonly committedVersion: number;
    /** Versions of the nodes and node-roles it names, by key. */
    readonly nodes: Readonly<Record<string, number>>;
    readonly nodeRoles: Readonly<Record<NodeRoleKey, number>>;
  };
  /** Things worth knowing that refuse nothing: an even count where odd is advised, a long fan-out. */
  readonly warnings: readonly string[];
}
