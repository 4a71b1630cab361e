import type { SiteView } from '../actual.ts';
import type { Problem } from '../problem.ts';
import type { Workflow } from '../role.ts';
import { goesByName, resolveRole } from './content-index.ts';
import type { ContentIndex } from './content-index.ts';
import type { NodeTemplate, RoleSlot } from './node-template.ts';

export interface DeploymentTemplateRequest {
  readonly index: ContentIndex;
  readonly workflow: Workflow;
  readonly sites: readonly SiteView[];
  /** Templates of the nodes: a role on a node may require one of the deployment. */
  readonly pulled: readonly NodeTemplate[];
}

/** Roles of the deployment itself: listed by stages, or required by others. */
export function deploymentTemplate(request: DeploymentTemplateRequest, problems: Problem[]): readonly RoleSlot[] {
  const slots = new Map<string, RoleSlot>();
  request.workflow.stages.forEach((stage, stageIndex) => {
    for (const item of stage.deployment) {
      const role = resolveRole(request.index, null, item.role);
      const at = `stage ${stage.name} of workflow ${request.workflow.name}`;
      if (role === null) {
        const message = `${at} names ${item.role} for the deployment, which no role is or provides`;
        problems.push({ code: 'unknown-role', path: '$.workflow', message });
      } else if (role.placement !== 'deployment' || role.kind !== 'state') {
        const message = `${at} lists ${role.name} for the deployment, but it is a ${role.kind} with placement ${role.placement}`;
        problems.push({ code: 'wrong-placement', path: '$.workflow', message });
      } else {
        const as = item.as === item.role ? role.name : item.as;
        if (!slots.has(as)) slots.set(as, { as, role, item, stageIndex, requires: new Map() });
      }
    }
  });
  for (const slot of new Set(request.pulled.flatMap((template) => template.deployment))) {
    if (!slots.has(slot.as)) slots.set(slot.as, { ...slot, requires: new Map() });
  }
  for (const slot of slots.values()) meetRequirements(request, slot, slots, problems);
  return [...slots.values()];
}

function meetRequirements(
  request: DeploymentTemplateRequest,
  slot: RoleSlot,
  slots: Map<string, RoleSlot>,
  problems: Problem[],
): void {
  for (const requirement of slot.role.requires) {
    const name = requirement.role;
    const parent = slots.get(name) ?? [...slots.values()].find((other) => goesByName(name, other.as, other.role));
    const role = parent?.role ?? resolveRole(request.index, null, name);
    if (role?.placement !== 'deployment') {
      const message = `${slot.as} of the deployment requires ${name}, which is not a role of the deployment`;
      const remedy = `use needs: [{role: ${name}, from: all}]`;
      problems.push({ code: 'missing-requirement', path: '$.workflow', message, remedy });
      continue;
    }
    const as = parent?.as ?? role.name;
    if (parent === undefined) {
      slots.set(as, { as, role, item: null, stageIndex: slot.stageIndex, requires: new Map() });
    }
    slot.requires.set(name, { as, scope: 'deployment' });
  }
}
