import { FormworkError, type WorkVertex } from '@formwork/core';
import type { Transaction } from '../transaction.ts';
import { type ApprovalScope, taskStage } from './approval.ts';
import { inPieces } from '../in-pieces.ts';
import type { Pending } from './node-role-row.ts';

export async function insertPlannedNodeRoles(
  tx: Transaction,
  scope: ApprovalScope,
  inserts: readonly (readonly [WorkVertex, Pending | null])[],
): Promise<void> {
  if (inserts.length === 0) return;
  const { plan, deployment, nodeIds, approval, runId } = scope;
  const rows = inserts.map(([vertex, pending]) => {
    const node = vertex.node === null ? null : nodeIds.get(vertex.node);
    if (node === undefined)
      throw new FormworkError('conflict', 'plan-outdated', `node ${vertex.node ?? ''} is gone; plan again`);
    const id = approval.newId();
    tx.emit({
      kind: 'node-role.planned',
      actor: approval.actor,
      deploymentId: deployment.id,
      runId,
      nodeId: node?.id ?? null,
      nodeRoleId: id,
      data: { key: vertex.nodeRole, version: firstVersion, from: 'proposed', state: 'blocked' },
    });
    return {
      id,
      deployment_id: deployment.id,
      node_id: node?.id ?? null,
      site_id: node?.siteId ?? null,
      key: vertex.nodeRole,
      role: vertex.role,
      as: vertex.as,
      group_name: vertex.group,
      stage: plan.purpose === 'task' ? taskStage : vertex.stage,
      lane: vertex.lane,
      role_digest: approval.roleDigest(vertex.role),
      founder: vertex.founder,
      run_id: runId,
      pending,
    };
  });
  await inPieces(rows, (piece) => insertRows(tx, piece));
}

/** Of a row when it is made. */
const firstVersion = 1;

async function insertRows(tx: Transaction, rows: readonly object[]): Promise<void> {
  await tx.query(
    `INSERT INTO node_roles (id, deployment_id, node_id, site_id, key, role, "as", group_name, stage, lane, role_digest, state,
       state_data, founder, run_id, pending)
     SELECT r.id, r.deployment_id, r.node_id, r.site_id, r.key, r.role, r."as", r.group_name, r.stage, r.lane, r.role_digest,
       'blocked', '{"state":"blocked"}'::jsonb, r.founder, r.run_id, r.pending
     FROM jsonb_to_recordset($1::jsonb) AS r(id uuid, deployment_id uuid, node_id uuid, site_id uuid, key text, role text,
       "as" text, group_name text, stage text, lane text, role_digest text, founder boolean, run_id uuid, pending jsonb)`,
    [JSON.stringify(rows)],
  );
}
