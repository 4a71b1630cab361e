import type { Json, JsonObject, PathSegment, Problem, Profile, StageItem, Workflow } from '@formwork/core';
import {
  readList,
  readNumber,
  readObject,
  readText,
  readTextOrNull,
  readTruth,
  readWord,
} from '../document/read-json.ts';
import { paramLayer } from '../specification/param-layer.ts';

/** A workflow's document with every default filled in. Malformed parameter names are added to the problems. */
export function normalizeWorkflow(name: string, pack: string, document: JsonObject, problems: Problem[]): Workflow {
  const documents = readList(document['stages']);
  const machine = Math.max(0, documents.findIndex(bindsMachine));
  return {
    name,
    pack,
    summary: readText(document['summary']),
    slots: Object.fromEntries(
      Object.entries(readObject(document['slots'])).map(([slot, value]) => {
        const { min, max, oddAdvised } = readObject(value);
        return [
          slot,
          {
            min: readNumber(min, 0),
            max: typeof max === 'number' ? max : null,
            oddAdvised: readTruth(oddAdvised, false),
          },
        ];
      }),
    ),
    stages: documents.map((value, index) => {
      const stage = readObject(value);
      const at = ['stages', index];
      return {
        name: readText(stage['name']),
        barrier: readTruth(stage['barrier'], false),
        onFailure: readWord(
          stage['onFailure'],
          index <= machine ? ['stop-node', 'continue'] : ['continue', 'stop-node'],
        ),
        deployment: items(stage['deployment'], [...at, 'deployment'], problems),
        nodes: Object.fromEntries(
          Object.entries(readObject(stage['nodes'])).map(([slot, list]) => [
            slot,
            items(list, [...at, 'nodes', slot], problems),
          ]),
        ),
      };
    }),
  };
}

/** Without a machine nothing after it can run on the node: up to there a failure stops it by default. */
function bindsMachine(stage: Json): boolean {
  const slots = Object.values(readObject(readObject(stage)['nodes']));
  return slots.some((list) => items(list, [], []).some((item) => item.role === 'machine-ready'));
}

function items(list: Json | undefined, path: readonly PathSegment[], problems: Problem[]): StageItem[] {
  return readList(list).map((item, index) => {
    if (typeof item === 'string') return { role: item, as: item, params: {} };
    const document = readObject(item);
    const role = readText(document['role']);
    const as = readTextOrNull(document['as']) ?? role;
    return { role, as, params: paramLayer(document['params'], [...path, index, 'params'], problems) };
  });
}

/** A profile's document by full parameter names. Malformed names are added to the problems. */
export function normalizeProfile(name: string, pack: string, document: JsonObject, problems: Problem[]): Profile {
  return { name, pack, params: paramLayer(document['params'], ['params'], problems) };
}
