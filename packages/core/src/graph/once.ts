import type { Actual, SiteView } from '../actual.ts';
import type { Producer } from '../inputs.ts';
import { nodeRoleKey } from '../node-role.ts';
import type { Problem } from '../problem.ts';
import type { Workflow } from '../role.ts';
import type { NodeGroup, Specification } from '../specification.ts';
import { goesByName } from './content-index.ts';
import type { ContentIndex } from './content-index.ts';
import { closeTemplate, listedForGroup } from './node-template.ts';
import type { NodeTemplate, RoleSlot } from './node-template.ts';
import type { WantedNode } from './wanted-nodes.ts';

export interface PlacementRequest {
  readonly index: ContentIndex;
  readonly workflow: Workflow;
  readonly nodes: readonly WantedNode[];
  readonly spec: Specification;
  readonly actual: Actual;
  readonly site: (name: string) => SiteView | null;
}

export interface Placement {
  readonly nodes: readonly { readonly node: WantedNode; readonly template: NodeTemplate }[];
  readonly outlived: readonly (Producer & { readonly as: string; readonly role: string })[];
  /** `once` bindings made here, `as` -> node name. */
  readonly made: Readonly<Record<string, string>>;
}

const nowhere: ReadonlySet<string> = new Set();

/** Gives each node its template: `once` roles on one node for good, `rest` roles on the others, all else on each. */
export function onceAndRest(request: PlacementRequest, problems: Problem[]): Placement {
  const templateOf = (group: NodeGroup, excluded: ReadonlySet<string>, found: Problem[]): NodeTemplate => {
    const { index, workflow, site } = request;
    const listed = listedForGroup(workflow, group);
    const where = `group ${group.name}`;
    return closeTemplate({ listed, index, workflow, site: site(group.site), excluded, where }, found);
  };
  // What a group could hold if every placement were `each`; its problems are found again below, per node.
  const full = new Map(request.spec.groups.map((group) => [group.name, templateOf(group, nowhere, [])]));
  const slotsOf = (node: WantedNode): readonly RoleSlot[] => full.get(node.group.name)?.slots ?? [];
  const { bound, made, outlived } = bindOnce(request, slotsOf);

  const templates = new Map<string, NodeTemplate>();
  const nodes = request.nodes.map((node) => {
    const excluded = excludedOn(node, slotsOf(node), bound);
    const variant = [node.group.name, ...excluded].join(' ');
    const template = templates.get(variant) ?? templateOf(node.group, excluded, problems);
    templates.set(variant, template);
    return { node, template };
  });
  return { nodes, outlived, made };
}

function bindOnce(request: PlacementRequest, slotsOf: (node: WantedNode) => readonly RoleSlot[]) {
  const { actual, nodes } = request;
  const byOrdinal = [...nodes].sort((a, b) => a.ordinal - b.ordinal || position(request, a) - position(request, b));
  const candidates = new Map<string, { slot: RoleSlot; nodes: WantedNode[] }>();
  for (const node of byOrdinal) {
    for (const slot of slotsOf(node)) {
      if (slot.role.placement !== 'once') continue;
      const candidate = candidates.get(slot.as) ?? { slot, nodes: [] };
      candidate.nodes.push(node);
      candidates.set(slot.as, candidate);
    }
  }
  const bound = new Map<string, string>();
  const made: Record<string, string> = {};
  const outlived: (Producer & { as: string; role: string })[] = [];
  for (const [as, { slot, nodes: possible }] of candidates) {
    const frozen = actual.once[as];
    if (frozen !== undefined && possible.some((node) => node.name === frozen) && !restThere(request, slot, frozen)) {
      bound.set(as, frozen);
      continue;
    }
    const key = nodeRoleKey(as, frozen ?? null);
    const row = actual.nodeRoles.find((candidate) => candidate.key === key);
    if (frozen !== undefined && row?.everStarted === true) {
      outlived.push({ key, node: frozen, as, role: slot.role.name });
      continue;
    }
    const first = possible[0];
    if (first === undefined) continue;
    bound.set(as, first.name);
    made[as] = first.name;
  }
  return { bound, made, outlived };
}

/**
 * A node that came back under the name of the one that ran the `once` role is a new machine: it got the `rest` role,
 * and keeps it. The first time there is no such node-role yet, but then the node is not there either.
 */
function restThere(request: PlacementRequest, once: RoleSlot, node: string): boolean {
  const { actual, index } = request;
  const row = actual.nodeRoles.find((candidate) => candidate.key === nodeRoleKey(once.as, node));
  if (row?.everStarted === true && !actual.nodes.some((candidate) => candidate.name === node)) return true;
  return actual.nodeRoles.some((candidate) => {
    const restOf = candidate.node === node ? (index.roles.get(candidate.role)?.restOf ?? null) : null;
    return restOf !== null && goesByName(restOf, once.as, once.role);
  });
}

function excludedOn(
  node: WantedNode,
  slots: readonly RoleSlot[],
  bound: ReadonlyMap<string, string>,
): ReadonlySet<string> {
  const excluded = new Set<string>();
  const here = slots.filter((slot) => slot.role.placement === 'once' && bound.get(slot.as) === node.name);
  for (const slot of slots) {
    const { placement, restOf } = slot.role;
    if (placement === 'once' && !here.includes(slot)) excluded.add(slot.as);
    if (placement === 'rest' && restOf !== null && here.some((one) => goesByName(restOf, one.as, one.role))) {
      excluded.add(slot.as);
    }
  }
  return excluded;
}

const position = (request: PlacementRequest, node: WantedNode): number => request.spec.groups.indexOf(node.group);
