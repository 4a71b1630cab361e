import { FormworkError, type Plan, type Specification } from '@formwork/core';
import type { Transaction } from '../transaction.ts';
import type { Approval, ApprovedDeployment, PlanRow } from './approval.ts';

/** Rows of the machines to be made; ids by name of these and of the living ones. */
export async function insertPlannedNodes(
  tx: Transaction,
  plan: Plan,
  deployment: ApprovedDeployment,
  planRow: PlanRow,
  approval: Approval,
  runId: string,
): Promise<ReadonlyMap<string, { readonly id: string; readonly siteId: string }>> {
  const existing = await tx.query<{ id: string; name: string; site_id: string }>(
    `SELECT id, name, site_id FROM nodes WHERE deployment_id = $1 AND state <> 'destroyed'`,
    [deployment.id],
  );
  const ids = new Map(existing.map((node) => [node.name, { id: node.id, siteId: node.site_id }]));
  const created = plan.actions.filter(
    (action) => action.action === 'create-node' && action.node !== null && !ids.has(action.node),
  );
  if (created.length === 0) return ids;
  const [specification] = await tx.query<{ document: Specification }>(
    'SELECT document FROM specification_versions WHERE deployment_id = $1 AND version = $2',
    [deployment.id, planRow.specification_version],
  );
  const groups = new Map((specification?.document.groups ?? []).map((group) => [group.name, group]));
  const prefix = `${deployment.name}-`;
  const rows = created.flatMap((action) => {
    const name = action.node ?? '';
    const [, groupName = '', ordinal = '0'] = /^(.*)-(\d+)$/.exec(name.slice(prefix.length)) ?? [];
    const group = groups.get(groupName);
    const siteId = group === undefined ? undefined : approval.siteIds[group.site];
    if (group === undefined || siteId === undefined) {
      throw new FormworkError('conflict', 'plan-outdated', `the site or group of node ${name} is gone; plan again`);
    }
    const id = approval.newId();
    ids.set(name, { id, siteId });
    tx.emit({
      kind: 'node.planned',
      actor: approval.actor,
      deploymentId: deployment.id,
      runId,
      nodeId: id,
      data: { name, state: 'planned' },
    });
    return [
      {
        id,
        deployment_id: deployment.id,
        site_id: siteId,
        name,
        group_name: groupName,
        ordinal: Number(ordinal),
        image: group.image,
        size: group.size,
        capabilities: group.capabilities,
        labels: { ...group.labels, ...group.nodes[name]?.labels },
      },
    ];
  });
  await tx.query(
    `INSERT INTO nodes (id, deployment_id, site_id, name, group_name, ordinal, image, size, capabilities, labels)
     SELECT r.id, r.deployment_id, r.site_id, r.name, r.group_name, r.ordinal, r.image, r.size, r.capabilities, r.labels
     FROM jsonb_to_recordset($1::jsonb) AS r(id uuid, deployment_id uuid, site_id uuid, name text, group_name text,
       ordinal int, image text, size jsonb, capabilities jsonb, labels jsonb)`,
    [JSON.stringify(rows)],
  );
  return ids;
}
