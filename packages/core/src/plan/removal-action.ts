import type { PlanAction } from '../plan.ts';
import type { Removal } from './removals.ts';

/** Taking away disturbs nothing that stays; destroying a node is as much as can happen to it. */
export function removalAction({ vertex, machine, reason }: Removal): PlanAction {
  const { nodeRole, role, as, node, purpose } = vertex;
  return {
    action: machine ? 'destroy-node' : purpose === 'evict' ? 'evict' : 'remove',
    nodeRole,
    role,
    as,
    node,
    reason,
    disruption: machine ? 'rebuild' : 'none',
    certainty: { kind: 'will' },
  };
}
