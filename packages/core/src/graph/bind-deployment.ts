import type { Actual, ActualNodeRole, SiteView } from '../actual.ts';
import { nodeRoleKey } from '../node-role.ts';
import type { NodeRoleKey } from '../node-role.ts';
import type { Problem } from '../problem.ts';
import type { Content, Workflow } from '../role.ts';
import type { Specification } from '../specification.ts';
import type { Binding, Bindings } from './binding.ts';
import { indexContent } from './content-index.ts';
import type { ContentIndex } from './content-index.ts';
import { deploymentTemplate } from './deployment-template.ts';
import { distinct } from './distinct-problems.ts';
import { bindFounders } from './founders.ts';
import type { RoleSlot } from './node-template.ts';
import { onceAndRest } from './once.ts';
import { wantedNodes } from './wanted-nodes.ts';
import type { WantedNode } from './wanted-nodes.ts';

export interface BindRequest {
  readonly spec: Specification;
  readonly content: Content | ContentIndex;
  readonly sites: readonly SiteView[];
  readonly actual: Actual;
}

/** The bindings, and every problem met on the way; with problems the bindings are incomplete. */
export interface BindResult {
  readonly bindings: Bindings | null;
  readonly problems: readonly Problem[];
}

/** Binds roles to nodes and to the deployment: workflow, slots, capabilities, `requires`, placement, founders. */
export function bindDeployment(request: BindRequest): BindResult {
  const { spec, sites, actual } = request;
  const index = 'packs' in request.content ? indexContent(request.content) : request.content;
  const workflow = index.workflows.get(spec.workflow);
  if (workflow === undefined) {
    const message = `workflow ${spec.workflow} is in none of the packs`;
    return { bindings: null, problems: [{ code: 'unknown-workflow', path: '$.workflow', message }] };
  }
  const problems: Problem[] = [];
  const nodes = wantedNodes(spec);
  const site = (name: string): SiteView | null => sites.find((candidate) => candidate.name === name) ?? null;
  const placed = onceAndRest({ index, workflow, nodes, spec, actual, site }, problems);
  const rows = new Map(actual.nodeRoles.map((row) => [row.key, row]));
  const draft: Binding[] = [];
  const bind = (slot: RoleSlot, node: WantedNode | null) => draft.push(bindingOf(slot, node, workflow, site, rows));
  const own = deploymentTemplate({ index, workflow, sites, pulled: placed.nodes.map((one) => one.template) }, problems);
  for (const slot of own) bind(slot, null);
  for (const { node, template } of placed.nodes) for (const slot of template.slots) bind(slot, node);
  const founding = bindFounders(draft, actual);
  const all = draft.map((binding) =>
    binding.node !== null && founding.isFounder(binding) ? { ...binding, founder: true } : binding,
  );
  const bindings: Bindings = {
    spec,
    workflow,
    index,
    all,
    byKey: new Map(all.map((binding) => [binding.key, binding])),
    nodes: placed.nodes,
    founders: foundersOf(all),
    outlived: placed.outlived,
    made: { founders: founding.made, once: placed.made },
    instances: instancesOf(all),
  };
  return { bindings, problems: distinct(problems) };
}

function bindingOf(
  slot: RoleSlot,
  node: WantedNode | null,
  workflow: Workflow,
  site: (name: string) => SiteView | null,
  rows: ReadonlyMap<NodeRoleKey, ActualNodeRole>,
): Binding {
  const requires: Record<string, NodeRoleKey> = {};
  for (const [name, parent] of slot.requires) {
    requires[name] = nodeRoleKey(parent.as, parent.scope === 'node' ? (node?.name ?? null) : null);
  }
  const key = nodeRoleKey(slot.as, node?.name ?? null);
  const row = rows.get(key) ?? null;
  return {
    key,
    role: slot.role,
    as: slot.as,
    node,
    site: node === null ? null : site(node.group.site),
    item: slot.item,
    stageIndex: slot.stageIndex,
    stage: workflow.stages[slot.stageIndex]?.name ?? '',
    slot,
    requires,
    row,
    isNew: row === null || row.applied === null,
    founder: false,
  };
}

function foundersOf(all: readonly Binding[]): ReadonlyMap<string, ReadonlySet<string>> {
  const founders = new Map<string, Set<string>>();
  for (const { as, node, founder } of all) {
    if (node !== null && founder) founders.set(as, (founders.get(as) ?? new Set()).add(node.name));
  }
  return founders;
}

function instancesOf(all: readonly Binding[]): (name: string) => readonly Binding[] {
  const byAs = groupBy(all, (binding) => [binding.as]);
  const byRole = groupBy(all, (binding) => [binding.role.name]);
  const byCapability = groupBy(all, (binding) => binding.role.provides);
  return (name) => byAs.get(name) ?? byRole.get(name) ?? byCapability.get(name) ?? [];
}

function groupBy(
  all: readonly Binding[],
  names: (binding: Binding) => readonly string[],
): ReadonlyMap<string, readonly Binding[]> {
  const groups = new Map<string, Binding[]>();
  for (const binding of all) {
    for (const name of names(binding)) {
      const group = groups.get(name);
      if (group === undefined) groups.set(name, [binding]);
      else group.push(binding);
    }
  }
  return groups;
}
