import type { Graph, Plan } from '@formwork/core';
import type { FullNodeRoleRow } from './node-role-row.ts';

export interface Approval {
  readonly planId: string;
  readonly actor: string;
  readonly newId: () => string;
  /** Digest of a role of the plan's content, by role name. */
  readonly roleDigest: (role: string) => string;
  /** Site ids by name. */
  readonly siteIds: Readonly<Record<string, string>>;
  /** Made by the caller for a deployment that has none yet. */
  readonly sshKey: { readonly publicKey: string; readonly privateKeyReference: string } | null;
  /** Parameters of a task run, by full name. */
  readonly taskParams: Readonly<Record<string, unknown>> | null;
}

/** The stage that task runs put their one vertex into. */
export const taskStage = 'task';

export interface PlanRow {
  readonly id: string;
  readonly deployment_id: string;
  readonly specification_version: number;
  readonly state: string;
  readonly purpose: 'apply' | 'destroy' | 'task';
  readonly document: Omit<Plan, 'graph'>;
  readonly graph: Graph;
}

export interface ApprovedDeployment {
  readonly id: string;
  readonly name: string;
  readonly state: string;
  readonly committed_version: number;
  readonly ssh_public_key: string | null;
}

/** What the steps of one approval share. */
export interface ApprovalScope {
  readonly plan: Plan;
  readonly deployment: ApprovedDeployment;
  readonly living: readonly FullNodeRoleRow[];
  readonly nodeIds: ReadonlyMap<string, { readonly id: string; readonly siteId: string }>;
  readonly approval: Approval;
  readonly runId: string;
}
