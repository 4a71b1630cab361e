import {
  type Applied,
  type Certainty,
  type Disruption,
  type JsonObject,
  type NodeRoleState,
  type PlanActionKind,
  type PlanReason,
} from '@formwork/core';

/** What the plan of the current run allows this node-role. */
export interface Pending {
  readonly action: PlanActionKind;
  readonly purpose: 'apply' | 'remove' | 'evict';
  readonly reason: PlanReason;
  readonly certainty: Certainty;
  readonly disruption: Disruption;
  /** Number of the attempt that was under way when the plan was approved: what it leaves is judged by the new plan. */
  readonly carriedAttempt: number | null;
  /** Runs even where its inputs are unchanged: a task, or a retry asked for by a person. */
  readonly forced: boolean;
}

/** A node-role without what was applied: what the scheduler looks at again and again. */
export interface NodeRoleRow {
  readonly id: string;
  readonly deploymentId: string;
  readonly nodeId: string | null;
  readonly siteId: string | null;
  readonly key: string;
  readonly role: string;
  readonly as: string;
  readonly stage: string;
  readonly lane: string;
  readonly group: string | null;
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
  readonly updatedAt: Date;
}

/** The same with what the last apply left. */
export interface FullNodeRoleRow extends NodeRoleRow {
  readonly applied: Applied | null;
}

/** Columns as Postgres gives them; JSON columns were written by this package alone, in these shapes. */
interface Columns {
  readonly id: string;
  readonly deployment_id: string;
  readonly node_id: string | null;
  readonly site_id: string | null;
  readonly key: string;
  readonly role: string;
  readonly as: string;
  readonly stage: string;
  readonly lane: string;
  readonly group_name: string | null;
  readonly role_digest: string;
  readonly state_data: NodeRoleState;
  readonly founder: boolean;
  readonly ever_started: boolean;
  readonly run_id: string | null;
  readonly pending: Pending | null;
  readonly dispatch: number;
  readonly attempt: number;
  readonly fence: number;
  readonly tries: number;
  readonly version: number;
  readonly updated_at: Date;
}

export interface FullColumns extends Columns {
  readonly applied: Applied | null;
}

export type NodeRoleColumns = Columns;

/** For `SELECT`: everything but `applied`, which can be long. */
export const nodeRoleColumns = `n.id, n.deployment_id, n.node_id, n.site_id, n.key, n.role, n."as", n.stage, n.lane, n.group_name,
  n.role_digest, n.state_data, n.founder, n.ever_started, n.run_id, n.pending, n.dispatch, n.attempt, n.fence, n.tries, n.version, n.updated_at`;

export const fullNodeRoleColumns = `${nodeRoleColumns}, n.applied`;

export const parseNodeRole = (row: Columns): NodeRoleRow => ({
  id: row.id,
  deploymentId: row.deployment_id,
  nodeId: row.node_id,
  siteId: row.site_id,
  key: row.key,
  role: row.role,
  as: row.as,
  stage: row.stage,
  lane: row.lane,
  group: row.group_name,
  roleDigest: row.role_digest,
  state: row.state_data,
  founder: row.founder,
  everStarted: row.ever_started,
  runId: row.run_id,
  pending: row.pending,
  dispatch: row.dispatch,
  attempt: row.attempt,
  fence: row.fence,
  tries: row.tries,
  version: row.version,
  updatedAt: row.updated_at,
});

export const parseFullNodeRole = (row: FullColumns): FullNodeRoleRow => ({
  ...parseNodeRole(row),
  applied: row.applied,
});

/** The state as it goes into an event: folding these gives the stored state. */
export const stateForEvent = (state: NodeRoleState): JsonObject => ({ ...state }) as JsonObject;
