import type { Actual, SiteView } from '../actual.ts';
import { bindDeployment } from '../graph/bind-deployment.ts';
import type { Binding, Bindings } from '../graph/binding.ts';
import { indexContent } from '../graph/content-index.ts';
import { finishDraft, newDraft } from '../graph/draft.ts';
import { instancesFor } from '../graph/producers.ts';
import type { WantedNode } from '../graph/wanted-nodes.ts';
import { addWorkVertices } from '../graph/work-vertices.ts';
import { nodeRoleKey } from '../node-role.ts';
import type { Plan, PlanAction } from '../plan.ts';
import type { Checked, Problem } from '../problem.ts';
import type { Content, RoleDefinition } from '../role.ts';
import type { Specification } from '../specification.ts';
import { disruptionByNode } from './decide.ts';
import { preconditionOf } from './precondition.ts';

export interface TaskRequest {
  /** Name of a role of `kind: task` or `test`. */
  readonly task: string;
  /** Nodes to run on, for a task that runs on nodes; null for all of the deployment. */
  readonly nodes: readonly string[] | null;
  /** The committed specification. */
  readonly wanted: Specification;
  readonly actual: Actual;
  readonly content: Content;
  readonly sites: readonly SiteView[];
}

/**
 * A plan that runs one task on demand. Its graph holds the task alone: what it needs must be active already, and is a
 * problem otherwise. Values given with the task go to the engine as `task` of `resolveParams`.
 */
export function planTask(request: TaskRequest): Checked<Plan> {
  const { actual } = request;
  const { problems, bindings, tasks } = bindTask(request);
  if (bindings === null || problems.length > 0) return { ok: false, problems };
  const draft = newDraft();
  addWorkVertices(draft, tasks);
  const actions = tasks.map(
    ({ key, role, as, node }): PlanAction => ({
      action: 'run',
      nodeRole: key,
      role: role.name,
      as,
      node: node?.name ?? null,
      reason: { kind: 'requested' },
      disruption: 'none',
      certainty: { kind: 'will' },
    }),
  );
  return {
    ok: true,
    value: {
      deployment: request.wanted.name,
      purpose: 'task',
      actions,
      graph: finishDraft(draft),
      total: actions.length,
      founders: {},
      once: {},
      disruption: disruptionByNode(actions),
      precondition: preconditionOf(actual, actions),
      nodesStaying: 0,
      warnings: [],
    },
  };
}

/** A task's bindings, for its plan and, at run time, for its inputs; they are not among `bindings.all`. */
export function bindTask(request: TaskRequest): {
  readonly problems: readonly Problem[];
  readonly bindings: Bindings | null;
  readonly tasks: readonly Binding[];
} {
  const { wanted, actual, content, sites } = request;
  const index = indexContent(content);
  const { bindings, problems } = bindDeployment({ spec: wanted, content: index, sites, actual });
  const role = index.roles.get(request.task);
  if (role === undefined || role.kind === 'state') {
    const names = [...index.roles.values()].filter((other) => other.kind !== 'state').map((other) => other.name);
    const message =
      role === undefined
        ? `there is no task ${request.task}`
        : `${request.task} is part of the wanted state, not a task`;
    const remedy = names.length === 0 ? 'the packs of this deployment have no tasks' : `tasks: ${names.join(', ')}`;
    return { problems: [{ code: 'unknown-task', path: '$.task', message, remedy }], bindings, tasks: [] };
  }
  if (bindings === null || problems.length > 0) return { problems, bindings, tasks: [] };
  const { nodes, missing } = nodesFor(bindings, role, request.nodes);
  const tasks = nodes.map((node) => taskBinding(bindings, sites, role, node));
  const found = [...missing, ...tasks.slice(0, 1).flatMap((task) => notReady(bindings, task))];
  return { problems: found, bindings, tasks };
}

function nodesFor(
  bindings: Bindings,
  role: RoleDefinition,
  names: readonly string[] | null,
): { readonly nodes: readonly (WantedNode | null)[]; readonly missing: readonly Problem[] } {
  if (role.placement === 'deployment') return { nodes: [null], missing: [] };
  const all = bindings.nodes.map(({ node }) => node);
  const missing = (names ?? [])
    .filter((name) => !all.some((node) => node.name === name))
    .map((name) => ({ code: 'unknown-node', path: '$.nodes', message: `${name} is no node of ${bindings.spec.name}` }));
  const chosen = names === null ? all : all.filter((node) => names.includes(node.name));
  return { nodes: role.placement === 'once' ? chosen.slice(0, 1) : chosen, missing };
}

function taskBinding(
  bindings: Bindings,
  sites: readonly SiteView[],
  role: RoleDefinition,
  node: WantedNode | null,
): Binding {
  const requires: Record<string, string> = {};
  for (const { role: name } of role.requires) {
    const parent = bindings.instances(name).find((one) => one.node === node) ?? bindings.instances(name)[0];
    if (parent !== undefined) requires[name] = parent.key;
  }
  return {
    key: nodeRoleKey(role.name, node?.name ?? null),
    role,
    as: role.name,
    node,
    site: sites.find((site) => site.name === node?.group.site) ?? null,
    item: null,
    stageIndex: 0,
    stage: '',
    slot: { as: role.name, role, item: null, stageIndex: 0, requires: new Map() },
    requires,
    row: null,
    isNew: true,
    founder: false,
  };
}

function notReady(bindings: Bindings, task: Binding): readonly Problem[] {
  const isActive = (binding: Binding): boolean => binding.row?.state.state === 'active';
  const wanted = [
    ...task.role.needs
      .filter((need) => !need.optional)
      .map((need) => ({ name: need.role, of: instancesFor(bindings, task, need) })),
    ...(task.role.runsOn === null ? [] : [{ name: task.role.runsOn, of: bindings.instances(task.role.runsOn) }]),
  ];
  return wanted.flatMap(({ name, of }) => {
    if (of.some(isActive)) return [];
    const message = `${task.as} needs ${name}, and none is active`;
    return [{ code: 'not-active', path: '$.task', message, remedy: `apply ${bindings.spec.name} first` }];
  });
}
