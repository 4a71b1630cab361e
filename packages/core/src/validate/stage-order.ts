import type { RoleDefinition, Workflow } from '../role.ts';
import type { PathSegment } from './json-path.ts';
import type { ResolveRole } from './role-order.ts';

/** A role that must come after another one, which the workflow puts in a later stage of the same node. */
export interface StageContradiction {
  readonly role: string;
  readonly stage: string;
  readonly path: readonly PathSegment[];
  readonly by: 'requires' | 'after';
  readonly other: string;
  readonly otherStage: string;
  readonly otherPath: readonly PathSegment[];
}

interface Place {
  readonly role: RoleDefinition;
  readonly stage: number;
  readonly path: readonly PathSegment[];
}

/** Every `requires` or `after` that the order of stages on one node contradicts; roles pulled in by `requires` too. */
export function stageContradictions(workflow: Workflow, resolve: ResolveRole): readonly StageContradiction[] {
  const found = new Map<string, StageContradiction>();
  for (const slot of Object.keys(workflow.slots)) {
    const places = placesOf(workflow, slot, resolve);
    for (const place of places.values()) {
      for (const { name, by } of waitsOnNode(place.role, places, resolve)) {
        const other = places.get(name);
        if (other === undefined || other.stage <= place.stage) continue;
        found.set(`${place.path.join()} ${name}`, {
          role: place.role.name,
          stage: workflow.stages[place.stage]?.name ?? '',
          path: place.path,
          by,
          other: name,
          otherStage: workflow.stages[other.stage]?.name ?? '',
          otherPath: other.path,
        });
      }
    }
  }
  return [...found.values()];
}

/** The first place of every role that a node of this slot gets by name. */
function placesOf(workflow: Workflow, slot: string, resolve: ResolveRole): ReadonlyMap<string, Place> {
  const places = new Map<string, Place>();
  for (const [stage, { nodes }] of workflow.stages.entries()) {
    for (const key of ['*', slot]) {
      for (const [index, item] of (nodes[key] ?? []).entries()) {
        const role = resolve(item.role);
        if (role === null || places.has(role.name)) continue;
        places.set(role.name, { role, stage, path: ['stages', stage, 'nodes', key, index] });
      }
    }
  }
  return places;
}

/** Roles it must come after on the same node, through those that no stage names. */
function waitsOnNode(
  start: RoleDefinition,
  places: ReadonlyMap<string, Place>,
  resolve: ResolveRole,
): readonly { readonly name: string; readonly by: 'requires' | 'after' }[] {
  const waits: { name: string; by: 'requires' | 'after' }[] = [];
  const seen = new Set([start.name]);
  const visit = (role: RoleDefinition): void => {
    const names = [
      ...role.requires.map((requirement) => ({ name: requirement.role, by: 'requires' as const })),
      ...role.after.map((name) => ({ name, by: 'after' as const })),
    ];
    for (const { name, by } of names) {
      const other = resolve(name);
      if (other === null || seen.has(other.name)) continue;
      seen.add(other.name);
      if (places.has(other.name)) waits.push({ name: other.name, by });
      else if (by === 'requires') visit(other);
    }
  };
  visit(start);
  return waits;
}
