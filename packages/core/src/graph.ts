import type { NodeRoleKey } from './node-role.ts';

/** A vertex that is work: one node-role to apply, or to take away (`remove`, `evict`, and `destroy` of the machine). */
export interface WorkVertex {
  readonly kind: 'node-role';
  /** `etcd-member@edge-etcd-1`; a vertex that removes is `remove etcd-member@edge-etcd-5`. */
  readonly key: string;
  readonly nodeRole: NodeRoleKey;
  readonly purpose: 'apply' | 'remove' | 'evict';
  readonly role: string;
  readonly as: string;
  readonly node: string | null;
  readonly group: string | null;
  readonly stage: string;
  readonly lane: string;
  /** Bound by the plan that first made a `cluster` role: starts with FW_FOUNDING=1, outside its lock and max. */
  readonly founder: boolean;
}

/** A counter without a job: open when `min` of its parents are satisfied (all of them when `min` is null). */
export interface GateVertex {
  readonly kind: 'gate';
  /** `gate stage baseline@edge-etcd-1`, `gate barrier etcd`, `gate all(etcd-member)`, `gate founders(etcd-cert)`. */
  readonly key: string;
  readonly min: number | null;
  /** Whether it carries hard edges (a failed parent closes it for good) or order edges (parents only have to be through). */
  readonly edges: 'hard' | 'order';
}

export type Vertex = WorkVertex | GateVertex;

export interface Edge {
  readonly from: string;
  readonly to: string;
  /** hard: the parent is active with its current hash. order: the parent has no pending work in this run. */
  readonly kind: 'hard' | 'order';
}

/** Immutable for the life of a run. Vertices and edges are sorted, so equal graphs are equal text. */
export interface Graph {
  readonly vertices: readonly Vertex[];
  readonly edges: readonly Edge[];
}
