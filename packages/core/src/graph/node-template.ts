import type { SiteView } from '../actual.ts';
import type { Problem } from '../problem.ts';
import type { RoleDefinition, StageItem, Workflow } from '../role.ts';
import type { NodeGroup } from '../specification.ts';
import { goesByName, resolveRole } from './content-index.ts';
import type { ContentIndex } from './content-index.ts';

/** One role of a template, still without a node. */
export interface RoleSlot {
  readonly as: string;
  readonly role: RoleDefinition;
  /** Null when `requires` pulled it in. */
  readonly item: StageItem | null;
  readonly stageIndex: number;
  /** What meets each requirement, by the name it is required by. */
  readonly requires: Map<string, { readonly as: string; readonly scope: 'node' | 'deployment' }>;
}

/** What all nodes of a group that hold the same roles have in common: computed once, stamped for each of them. */
export interface NodeTemplate {
  readonly slots: readonly RoleSlot[];
  /** Roles of the deployment that the node's roles or items name. */
  readonly deployment: readonly RoleSlot[];
}

export interface ListedItem {
  readonly item: StageItem;
  readonly stageIndex: number;
}

export interface TemplateRequest {
  readonly listed: readonly ListedItem[];
  readonly index: ContentIndex;
  readonly workflow: Workflow;
  readonly site: SiteView | null;
  /** `as` names that other nodes have and these do not: `once` roles bound elsewhere, `rest` beside them. */
  readonly excluded: ReadonlySet<string>;
  /** For messages: `group etcd`, `the deployment`. */
  readonly where: string;
}

/** Items of a group by the workflow's stages: those of every group, then those of its slots, in the order given. */
export function listedForGroup(workflow: Workflow, group: NodeGroup): readonly ListedItem[] {
  return workflow.stages.flatMap((stage, stageIndex) =>
    ['*', ...group.roles].flatMap((slot) => (stage.nodes[slot] ?? []).map((item) => ({ item, stageIndex }))),
  );
}

/** Binds the listed items and pulls what they require into the stage of the first role that requires it. */
export function closeTemplate(request: TemplateRequest, problems: Problem[]): NodeTemplate {
  const slots = new Map<string, RoleSlot>();
  const deployment = new Map<string, RoleSlot>();
  const add = (slot: RoleSlot) => {
    const into = slot.role.placement === 'deployment' ? deployment : slots;
    const former = into.get(slot.as);
    if (former === undefined) into.set(slot.as, slot);
    else if (former.role !== slot.role) problems.push(twoRoles(request, former, slot));
  };
  for (const listed of request.listed) {
    const slot = slotOf(request, listed, problems);
    if (slot !== null && !request.excluded.has(slot.as)) add(slot);
  }
  // Stage by stage, so that what several stages require lands in the earliest of them. What is pulled in is met by
  // the same loop: iteration over a map goes on to entries added meanwhile.
  for (let stageIndex = 0; stageIndex < request.workflow.stages.length; stageIndex += 1) {
    for (const slot of slots.values()) {
      if (slot.stageIndex === stageIndex) meetRequirements(request, slot, slots, add, problems);
    }
  }
  return { slots: [...slots.values()], deployment: [...deployment.values()] };
}

function slotOf(request: TemplateRequest, listed: ListedItem, problems: Problem[]): RoleSlot | null {
  const { item, stageIndex } = listed;
  const stage = request.workflow.stages[stageIndex]?.name ?? '';
  const at = `stage ${stage} of workflow ${request.workflow.name}`;
  const role = resolveRole(request.index, request.site, item.role);
  if (role === null) {
    const site = request.site === null ? '' : ` at site ${request.site.name}`;
    problems.push({
      code: 'unknown-role',
      path: '$.workflow',
      message: `${at} names ${item.role}, which no role is or provides${site}`,
      remedy: 'correct the name, or add a pack with a role that provides it',
    });
    return null;
  }
  const refusal =
    role.kind !== 'state'
      ? `is a ${role.kind}: it runs on demand and has no place in a stage`
      : role.when !== null
        ? 'is bound by `when`, which is not available yet'
        : null;
  if (refusal !== null) {
    problems.push({ code: 'not-a-stage-role', path: '$.workflow', message: `${role.name} in ${at} ${refusal}` });
    return null;
  }
  // An item that names a capability and no `as` goes by the name of the role that stands for it.
  const as = item.as === item.role ? role.name : item.as;
  return { as, role, item, stageIndex, requires: new Map() };
}

function meetRequirements(
  request: TemplateRequest,
  slot: RoleSlot,
  slots: ReadonlyMap<string, RoleSlot>,
  add: (slot: RoleSlot) => void,
  problems: Problem[],
): void {
  for (const requirement of slot.role.requires) {
    const parent = findSlot(slots, requirement.role);
    if (parent !== undefined) {
      slot.requires.set(requirement.role, { as: parent.as, scope: 'node' });
      if (parent.stageIndex > slot.stageIndex) problems.push(againstStages(request, slot, parent));
      continue;
    }
    const role = resolveRole(request.index, request.site, requirement.role);
    if (role === null || request.excluded.has(role.name)) {
      problems.push(unmet(request, slot, requirement.role));
      continue;
    }
    add({ as: role.name, role, item: null, stageIndex: slot.stageIndex, requires: new Map() });
    const scope = role.placement === 'deployment' ? 'deployment' : 'node';
    slot.requires.set(requirement.role, { as: role.name, scope });
  }
}

/** By `as` first, then by role, then by capability: the nearest meaning of a name wins. */
function findSlot(slots: ReadonlyMap<string, RoleSlot>, name: string): RoleSlot | undefined {
  const exact = slots.get(name);
  if (exact !== undefined) return exact;
  const all = [...slots.values()].filter((slot) => goesByName(name, slot.as, slot.role));
  return all.find((slot) => slot.role.name === name) ?? all[0];
}

const stageName = (request: TemplateRequest, slot: RoleSlot): string =>
  request.workflow.stages[slot.stageIndex]?.name ?? '';

const twoRoles = (request: TemplateRequest, a: RoleSlot, b: RoleSlot): Problem => ({
  code: 'same-name',
  path: '$.workflow',
  message: `${a.as} means role ${a.role.name} in stage ${stageName(request, a)} and ${b.role.name} in stage ${stageName(request, b)}`,
  remedy: 'give one of them another `as`',
});

const againstStages = (request: TemplateRequest, child: RoleSlot, parent: RoleSlot): Problem => ({
  code: 'requires-against-stage-order',
  path: '$.workflow',
  message: `${child.as} in stage ${stageName(request, child)} requires ${parent.as}, which workflow ${request.workflow.name} sends only in stage ${stageName(request, parent)}`,
  remedy: `move ${parent.as} to stage ${stageName(request, child)} or before it`,
});

const unmet = (request: TemplateRequest, slot: RoleSlot, name: string): Problem => ({
  code: 'missing-requirement',
  path: '$.workflow',
  message: `${slot.as} requires ${name} on the same node, and nothing in ${request.where} is or provides it`,
  remedy: `add a role that is or provides ${name}; what runs on another node is a need, not a requirement`,
});
