import type { PlanResponse } from '@formwork/api';
import { renderPlan } from '@formwork/core';
import type { PlanRecord } from '@formwork/db';

/** A stored plan as it is shown; `warnings` come on top of its own. */
export function toPlanResponse(record: PlanRecord, warnings: readonly string[] = []): PlanResponse {
  const plan = { ...record.plan, warnings: [...record.plan.warnings, ...warnings] };
  const created = new Set(plan.actions.flatMap((action) => (action.action === 'create-node' ? [action.node] : [])));
  const destroyed = plan.actions.filter((action) => action.action === 'destroy-node');
  return {
    id: record.id,
    deployment: record.deployment,
    purpose: plan.purpose,
    status: statusOf(record),
    specificationVersion: record.specificationVersion,
    committedVersion: plan.precondition.committedVersion,
    actions: plan.actions,
    rendered: renderPlan(plan),
    counts: {
      actionsToRun: plan.actions.length,
      total: plan.total,
      nodesCreated: created.size,
      nodesDestroyed: destroyed.length,
      onExistingNodes: plan.actions.filter((action) => action.node !== null && !created.has(action.node)).length,
    },
    disruption: plan.disruption,
    warnings: plan.warnings,
    run: record.run,
    createdAt: record.createdAt.toISOString(),
  };
}

/** An open plan that another approval has overtaken can only be refused. */
function statusOf(record: PlanRecord): PlanResponse['status'] {
  if (record.state === 'approved' || record.state === 'superseded') return record.state;
  return record.plan.precondition.committedVersion === record.committedVersion ? 'open' : 'stale';
}
