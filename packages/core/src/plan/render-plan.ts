import { nodeRanges } from '../graph/node-ranges.ts';
import type { Plan, PlanAction, PlanReason } from '../plan.ts';
import { movingNodes } from './moving-nodes.ts';

/**
 * A plan as text for people, equal for equal plans: counts first, then the actions in their order, those that differ
 * in the node alone as one line.
 */
export function renderPlan(plan: Omit<Plan, 'graph'>): string {
  const lines = grouped(plan.actions).map(lineOf);
  const width = Math.max(0, ...lines.map((line) => line.what.length));
  const rows = lines.map(({ action, what, why }) => `  ${action.padEnd(12)} ${what.padEnd(width)}  ${why}`);
  const warnings = plan.warnings.map((warning) => `  note: ${warning}`);
  return [headline(plan), ...rows, ...warnings, ''].join('\n');
}

function headline(plan: Omit<Plan, 'graph'>): string {
  const { deployment, actions, total } = plan;
  if (actions.length === 0) return `${deployment}: nothing to do, all ${total} node-roles are as wanted`;
  switch (plan.purpose) {
    case 'task':
      return `${deployment}: task ${actions[0]?.role ?? ''}`;
    case 'destroy':
      return `${deployment}: destroy ${countOf(actions, 'destroy-node')} nodes with ${total} node-roles`;
    case 'apply': {
      const runs = actions.filter(isRun);
      const takes = actions.filter((action) => !isRun(action));
      const away = takes.length === 0 ? '' : `, ${takes.length} to take away`;
      return `${deployment}: ${runs.length} of ${total} node-roles to run${away}${onOthers(plan, runs)}`;
    }
  }
}

const isRun = ({ action }: PlanAction): boolean =>
  action !== 'remove' && action !== 'evict' && action !== 'destroy-node';

const countOf = (actions: readonly PlanAction[], kind: PlanAction['action']): number =>
  actions.filter(({ action }) => action === kind).length;

/** How much a new or leaving node makes run on those that stay: the number people ask for first. */
function onOthers(
  { actions, nodesStaying }: Pick<Plan, 'actions' | 'nodesStaying'>,
  runs: readonly PlanAction[],
): string {
  const moving = movingNodes(actions);
  // A plan from before this was counted says nothing about it.
  if (moving.size === 0 || !(nodesStaying > 0)) return '';
  return `; ${runs.filter(({ node }) => node !== null && !moving.has(node)).length} on other nodes`;
}

function grouped(actions: readonly PlanAction[]): readonly (readonly PlanAction[])[] {
  const groups = new Map<string, PlanAction[]>();
  for (const action of actions) {
    const { as, reason, disruption, certainty, node } = action;
    const id = JSON.stringify([action.action, as, reason, disruption, certainty, node?.replace(/\d+$/, '')]);
    const group = groups.get(id);
    if (group === undefined) groups.set(id, [action]);
    else group.push(action);
  }
  return [...groups.values()];
}

function lineOf(actions: readonly PlanAction[]): { action: string; what: string; why: string } {
  const [first] = actions;
  if (first === undefined) return { action: '', what: '', why: '' };
  const nodes = actions.flatMap((action) => action.node ?? []);
  const what = nodes.length === 0 ? first.as : `${first.as}@${nodeRanges(nodes)}`;
  const doubt =
    first.certainty.kind === 'will'
      ? ''
      : `, if ${first.certainty.output} of ${first.certainty.role} comes out different`;
  const disturbs =
    first.disruption === 'none' || first.action === 'destroy-node' ? '' : `; disruption: ${first.disruption}`;
  return { action: first.action, what, why: `${sayReason(first.reason)}${doubt}${disturbs}` };
}

/** One clause for people; a digest is shortened to what tells two apart. */
export function sayReason(reason: PlanReason): string {
  switch (reason.kind) {
    case 'new-node':
      return 'new node';
    case 'new-role':
      return 'new role';
    case 'param':
      return `param ${reason.names.join(', ')}`;
    case 'fact':
      return `fact ${reason.names.join(', ')}`;
    case 'role-changed':
      return `role changed (${reason.from.slice(0, 12)} to ${reason.to.slice(0, 12)})`;
    case 'new-producer':
      return `new ${reason.role} on ${nodeRanges(reason.nodes)}`;
    case 'producer-gone':
      return `no ${reason.role} on ${nodeRanges(reason.nodes)} any more`;
    case 'output':
      return `output ${reason.outputs.join(', ')} of ${reason.role}`;
    case 'not-clean':
      return 'the last apply was not verified';
    case 'unfinished':
      return `unfinished (${reason.state})`;
    case 'requested':
      return 'requested';
    case 'scale-down':
      return 'fewer nodes wanted';
    case 'omitted':
      return 'omitted';
    case 'node-gone':
      return 'node is gone';
    case 'role-unbound':
      return 'no longer part of the deployment';
    case 'destroy':
      return 'deployment is destroyed';
  }
}
