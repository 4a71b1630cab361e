import { FormworkError, type Plan } from '@formwork/core';
import type { Transaction } from '../transaction.ts';
import type { Approval, ApprovedDeployment, PlanRow } from './approval.ts';
import { bindPlannedNodeRoles } from './bind-planned-node-roles.ts';
import { insertPlannedNodes } from './insert-planned-nodes.ts';
import { fullNodeRoleColumns, type FullColumns, type FullNodeRoleRow, parseFullNodeRole } from './node-role-row.ts';

/**
 * Approval commits the proposed specification, makes the rows of new nodes and node-roles, puts the planned ones to
 * work and supersedes a live run. All or nothing; refused with `plan-outdated` when anything the plan names has moved.
 */
export async function approvePlan(
  tx: Transaction,
  approval: Approval,
): Promise<{ readonly runId: string; readonly deploymentId: string }> {
  const [planRow] = await tx.query<PlanRow>(
    'SELECT id, deployment_id, specification_version, state, purpose, document, graph FROM plans WHERE id = $1',
    [approval.planId],
  );
  if (planRow === undefined) throw new FormworkError('not-found', 'plan-not-found', 'there is no such plan');
  const [deployment] = await tx.query<ApprovedDeployment>(
    'SELECT id, name, state, committed_version, ssh_public_key FROM deployments WHERE id = $1 FOR UPDATE',
    [planRow.deployment_id],
  );
  if (deployment === undefined) throw new FormworkError('not-found', 'deployment-not-found', 'its deployment is gone');
  // Read again under the deployment's lock: two approvals at once must not both see it open.
  const [current] = await tx.query<{ state: string }>('SELECT state FROM plans WHERE id = $1 FOR UPDATE', [planRow.id]);
  if (current?.state !== 'open') {
    throw new FormworkError(
      'conflict',
      'plan-not-open',
      `this plan is ${current?.state ?? 'gone'}; make a new one with apply or plan`,
    );
  }
  const plan: Plan = { ...planRow.document, graph: planRow.graph };
  const living = await readLiving(tx, deployment.id);
  await checkPrecondition(tx, plan, deployment, living);

  const runId = approval.newId();
  const superseded = await tx.query<{ id: string }>(
    `UPDATE runs SET state = 'superseded', ended_at = now() WHERE deployment_id = $1 AND state = 'running' RETURNING id`,
    [deployment.id],
  );
  await tx.query(`INSERT INTO runs (id, deployment_id, plan_id, purpose, params) VALUES ($1, $2, $3, $4, $5)`, [
    runId,
    deployment.id,
    planRow.id,
    plan.purpose,
    approval.taskParams === null ? null : JSON.stringify(approval.taskParams),
  ]);
  await tx.query(`UPDATE plans SET state = 'approved', approved_by = $2, approved_at = now() WHERE id = $1`, [
    planRow.id,
    approval.actor,
  ]);
  await tx.query(`UPDATE plans SET state = 'superseded' WHERE deployment_id = $1 AND state = 'open'`, [deployment.id]);
  await commitDeployment(tx, deployment, planRow, plan, approval);

  for (const run of superseded) {
    tx.emit({
      kind: 'run.superseded',
      actor: approval.actor,
      deploymentId: deployment.id,
      runId: run.id,
      data: { by: runId },
    });
  }
  tx.emit({
    kind: 'run.started',
    actor: approval.actor,
    deploymentId: deployment.id,
    runId,
    data: {
      plan: planRow.id,
      purpose: plan.purpose,
      actions: plan.actions.length,
      specificationVersion: planRow.specification_version,
    },
  });
  const nodeIds = await insertPlannedNodes(tx, plan, deployment, planRow, approval, runId);
  await bindPlannedNodeRoles(tx, { plan, deployment, living, nodeIds, approval, runId });
  return { runId, deploymentId: deployment.id };
}

const readLiving = async (tx: Transaction, deploymentId: string): Promise<readonly FullNodeRoleRow[]> =>
  (
    await tx.query<FullColumns>(
      `SELECT ${fullNodeRoleColumns} FROM node_roles n WHERE n.deployment_id = $1 AND n.state <> 'removed' ORDER BY n.id FOR UPDATE`,
      [deploymentId],
    )
  ).map(parseFullNodeRole);

/** What the plan saw must still be so: else it speaks of a deployment that is no more. */
async function checkPrecondition(
  tx: Transaction,
  plan: Plan,
  deployment: ApprovedDeployment,
  living: readonly FullNodeRoleRow[],
): Promise<void> {
  const { precondition } = plan;
  const outdated = (what: string): FormworkError =>
    new FormworkError(
      'conflict',
      'plan-outdated',
      `${what} changed since this plan was made; plan again and approve the new plan`,
    );
  if (deployment.committed_version !== precondition.committedVersion) throw outdated('the approved specification');
  const [live] = await tx.query(`SELECT id FROM runs WHERE deployment_id = $1 AND state = 'running'`, [deployment.id]);
  const moving = live !== undefined;
  const versions = new Map(living.map((row) => [row.key, planVersion(row.version, moving)]));
  for (const [key, version] of Object.entries(precondition.nodeRoles)) {
    if (versions.get(key) !== version) throw outdated(`node-role ${key}`);
  }
  const nodes = await tx.query<{ name: string; version: number }>(
    `SELECT name, version FROM nodes WHERE deployment_id = $1 AND state <> 'destroyed' ORDER BY id FOR UPDATE`,
    [deployment.id],
  );
  const nodeVersions = new Map(nodes.map((node) => [node.name, planVersion(node.version, moving)]));
  for (const [name, version] of Object.entries(precondition.nodes)) {
    if (nodeVersions.get(name) !== version) throw outdated(`node ${name}`);
  }
}

/**
 * The version a plan pins. While a run is live its rows move by themselves, and what has come to pass is judged anew
 * against the new graph, so only that a run is live is pinned.
 */
export const planVersion = (version: number, runIsLive: boolean): number => (runIsLive ? 0 : version);

async function commitDeployment(
  tx: Transaction,
  deployment: ApprovedDeployment,
  planRow: PlanRow,
  plan: Plan,
  approval: Approval,
): Promise<void> {
  await tx.query(
    `UPDATE deployments SET
       committed_version = CASE WHEN $2 = 'apply' THEN $3 ELSE committed_version END,
       state = CASE WHEN $2 = 'destroy' THEN 'destroying' WHEN $2 = 'apply' THEN 'running' ELSE state END,
       founders = founders || $4::jsonb, once = once || $5::jsonb,
       ssh_public_key = COALESCE(ssh_public_key, $6), ssh_private_key = COALESCE(ssh_private_key, $7),
       priority = CASE WHEN $2 = 'apply' THEN COALESCE((SELECT (document->>'priority')::int FROM specification_versions
                    WHERE deployment_id = $1 AND version = $3), 0) ELSE priority END,
       expires_at = CASE WHEN $2 = 'apply' THEN (SELECT now() + (document->>'ttlMs')::float8 * interval '1 millisecond'
                      FROM specification_versions WHERE deployment_id = $1 AND version = $3) ELSE expires_at END,
       leaks = NULL, version = version + 1, updated_at = now()
     WHERE id = $1`,
    [
      deployment.id,
      plan.purpose,
      planRow.specification_version,
      JSON.stringify(plan.founders),
      JSON.stringify(plan.once),
      approval.sshKey?.publicKey ?? null,
      approval.sshKey?.privateKeyReference ?? null,
    ],
  );
}
