import type { DeploymentRecord, NodeRoleKeyRow } from '@formwork/db';
import type { ServerDeps } from '../deps.ts';

/** A sortable key of each node-role: stage, node, place in the stage. */
export async function stageOrder(
  deps: Pick<ServerDeps, 'content'>,
  deployment: Pick<DeploymentRecord, 'specification' | 'packs'>,
): Promise<(row: NodeRoleKeyRow) => string> {
  const name = deployment.specification?.workflow ?? '';
  const { index } = await deps.content.content(deployment.packs);
  const stages = index.workflows.get(name)?.stages ?? [];
  const stageAt = new Map(stages.map((stage, at) => [stage.name, at]));
  const itemAt = new Map(
    stages.flatMap((stage) =>
      [...stage.deployment, ...Object.values(stage.nodes).flat()].map((item, at) => [
        `${stage.name} ${item.as}`,
        at + 1,
      ]),
    ),
  );
  return (row) => {
    // What no stage names was pulled in by another role's `requires`: it comes before that one.
    const place = itemAt.get(`${row.stage} ${row.as}`) ?? 0;
    return [
      padded(stageAt.get(row.stage) ?? 999),
      row.group ?? '',
      padded(row.ordinal),
      padded(place),
      row.key,
      row.id,
    ].join('\n');
  };
}

const padded = (number: number): string => String(number).padStart(7, '0');
