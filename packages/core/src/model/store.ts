import type { ActualNode, NodeState } from '../actual.ts';
import type { Json, JsonObject } from '../json.ts';
import type { Applied, NodeRoleState, ResolvedInputs } from '../node-role.ts';
import type { Certainty, Plan, PlanActionKind, PlanReason } from '../plan.ts';
import type { Disruption } from '../role.ts';
import type { Specification } from '../specification.ts';

/** packages/db/src/engine/node-role-row.ts */
export interface Pending {
  readonly action: PlanActionKind;
  readonly purpose: 'apply' | 'remove' | 'evict';
  readonly reason: PlanReason;
  readonly certainty: Certainty;
  readonly disruption: Disruption;
  readonly carriedAttempt: number | null;
  readonly forced: boolean;
}

/** A row of `node_roles`: replaced, never changed in place, so that whoever read it keeps what it saw. */
export interface Row {
  readonly id: string;
  readonly deploymentId: string;
  readonly nodeId: string | null;
  readonly key: string;
  readonly role: string;
  readonly as: string;
  readonly group: string | null;
  readonly lane: string;
  readonly roleDigest: string;
  readonly state: NodeRoleState;
  readonly founder: boolean;
  readonly everStarted: boolean;
  readonly runId: string | null;
  readonly pending: Pending | null;
  readonly dispatch: number;
  readonly attempt: number;
  readonly fence: number;
  readonly tries: number;
  readonly version: number;
  readonly applied: Applied | null;
  readonly driveAtMs: number | null;
  readonly updatedAtMs: number;
}

export interface NodeRecord extends Omit<ActualNode, 'state'> {
  readonly deploymentId: string;
  readonly state: NodeState;
}

export interface Run {
  readonly id: string;
  readonly deploymentId: string;
  readonly plan: Plan;
  readonly spec: Specification;
  readonly purpose: 'apply' | 'destroy';
  readonly state: 'running' | 'succeeded' | 'failed' | 'cancelled' | 'superseded';
}

/** packages/db/src/engine/claim.ts */
export interface Claim {
  readonly attemptId: string;
  readonly worker: string;
  readonly fence: number;
  readonly leaseUntilMs: number;
  readonly abort: boolean;
}

export interface Resume {
  readonly phase: 'apply' | 'verify' | 'remove' | 'evict';
  readonly fromBoot: number | null;
  /** For evictions: the node it was started on. */
  readonly nodeId: string | null;
}

export interface Attempt {
  readonly id: string;
  readonly rowId: string;
  readonly number: number;
  readonly state: 'running' | 'waiting' | 'done' | 'failed' | 'aborted';
  readonly inputs: ResolvedInputs;
  readonly inputHash: string;
  readonly untracked: JsonObject;
  readonly resume: Resume;
  readonly startedAtMs: number;
}

export interface Job {
  readonly rowId: string;
  readonly dispatch: number;
}

export interface Deployment {
  readonly id: string;
  readonly state: 'new' | 'running' | 'active' | 'failed' | 'destroying' | 'destroyed';
  readonly committed: Specification | null;
  readonly committedVersion: number;
  readonly paused: boolean;
  readonly founders: Readonly<Record<string, readonly string[]>>;
  readonly once: Readonly<Record<string, string>>;
}

/** Of a node-role, or of anything else that the scheduler has to read again. */
export interface Event {
  readonly kind: string;
  readonly rowId: string | null;
  readonly version: number;
  readonly state: Json;
}

/** The database, in memory. One writer at a time, as transactions that take the rows' locks are. */
export interface Store {
  nowMs: number;
  nextId: number;
  deployment: Deployment;
  readonly rows: Map<string, Row>;
  readonly nodes: Map<string, NodeRecord>;
  readonly runs: Map<string, Run>;
  readonly claims: Map<string, Claim>;
  readonly attempts: Map<string, Attempt>;
  /** Holder's row id by `name scopeKey`. */
  readonly locks: Map<string, string>;
  readonly outbox: Job[];
  readonly events: Event[];
  /** Changes of rows that the invariants have not looked at yet. */
  readonly changed: { readonly before: Row | null; readonly after: Row; readonly kind: string }[];
}

export const newDeployment = (id: string): Deployment => ({
  id,
  state: 'new',
  committed: null,
  committedVersion: 0,
  paused: false,
  founders: {},
  once: {},
});

export const newStore = (): Store => ({
  nowMs: 1_000_000,
  nextId: 1,
  deployment: newDeployment('d1'),
  rows: new Map(),
  nodes: new Map(),
  runs: new Map(),
  claims: new Map(),
  attempts: new Map(),
  locks: new Map(),
  outbox: [],
  events: [],
  changed: [],
});

export function newId(store: Store, prefix: string): string {
  const id = `${prefix}${store.nextId}`;
  store.nextId += 1;
  return id;
}

export const livingRows = (store: Store): readonly Row[] =>
  [...store.rows.values()].filter((row) => row.deploymentId === store.deployment.id && row.state.state !== 'removed');

export const livingNodes = (store: Store): readonly NodeRecord[] =>
  [...store.nodes.values()].filter((node) => node.deploymentId === store.deployment.id && node.state !== 'destroyed');

export const liveRun = (store: Store): Run | null =>
  [...store.runs.values()].findLast((run) => run.state === 'running') ?? null;

export const lastRun = (store: Store): Run | null =>
  [...store.runs.values()].findLast((run) => run.deploymentId === store.deployment.id) ?? null;

export const attemptOf = (store: Store, row: Pick<Row, 'id' | 'attempt'>): Attempt | null =>
  store.attempts.get(`${row.id}-${row.attempt}`) ?? null;

export function emit(store: Store, kind: string): void {
  store.events.push({ kind, rowId: null, version: 0, state: null });
}
