import type { Json, JsonObject, NodeGroup, PathSegment, Problem, SizeRequest, Specification } from '@formwork/core';
import { isJsonArray, isJsonObject, jsonPath } from '@formwork/core';
import { validRange } from 'semver';
import { parseDurationMs } from '../document/duration.ts';
import { plainJson } from '../document/plain-json.ts';
import { checkValue } from '../schema/check-value.ts';
import { specificationSchema } from '../schema/specification-schema.ts';
import { paramLayer } from './param-layer.ts';

const longestHostname = 63;
const maxNodes = 20_000;

/**
 * A specification, or every problem of its shape. The draft is what could be read of it all the same, with blanks where
 * something was wrong: enough to look for the other problems in the same go, and for nothing else.
 */
export type CheckedSpecification =
  | { readonly ok: true; readonly value: Specification }
  | { readonly ok: false; readonly problems: readonly Problem[]; readonly draft: Specification | null };

/**
 * A specification from a parsed document: shape, names and numbers checked (every problem at once), durations in
 * milliseconds, parameters by full name, every default filled in, sets sorted. What needs packs or sites is
 * `validateSpecification`'s.
 */
export function normalizeSpecification(document: unknown): CheckedSpecification {
  const plain = plainJson(document);
  if (!plain.ok) return { ...plain, draft: null };
  const problems = checkValue(specificationSchema, plain.value).map(withCountRemedy);
  if (!isJsonObject(plain.value)) return { ok: false, problems, draft: null };
  const root = plain.value;
  const groups = list(root['groups']).map((group, index) => readGroup(root, group, index, problems));
  if (problems.length === 0 && groups.reduce((sum, group) => sum + group.count, 0) > maxNodes) {
    problems.push({
      code: 'too-many-nodes',
      path: '$.groups',
      message: `a deployment has at most ${maxNodes} nodes in all`,
      remedy: 'make several deployments of it',
    });
  }
  if (root['converge'] === 'auto')
    problems.push(notAvailableYet(['converge'], "'converge: auto' is not available yet"));
  const specification: Specification = {
    formwork: 1,
    name: text(root['name']),
    workflow: text(root['workflow']),
    packs: readRanges(root['packs'], problems),
    profiles: strings(root['profiles']),
    params: paramLayer(root['params'], ['params'], problems),
    groups,
    converge: 'manual',
    priority: typeof root['priority'] === 'number' ? root['priority'] : 0,
    ttlMs: parseDurationMs(text(root['ttl'])),
  };
  return problems.length === 0 ? { ok: true, value: specification } : { ok: false, problems, draft: specification };
}

function readGroup(root: JsonObject, value: Json, index: number, problems: Problem[]): NodeGroup {
  const at = (...rest: PathSegment[]): PathSegment[] => ['groups', index, ...rest];
  const group = isJsonObject(value) ? value : {};
  const name = text(group['name']);
  const given = group['count'];
  const count = typeof given === 'number' && Number.isInteger(given) && given >= 1 && given <= 5_000 ? given : 1;
  const omit = numbers(group['omit']).sort((a, b) => a - b);
  const longest = `${text(root['name'])}-${name}-${count + omit.length}`;
  if (longest.length > longestHostname) {
    problems.push({
      code: 'name-too-long',
      path: jsonPath(at('name')),
      message: `the node name '${longest.slice(0, 100)}' has more than ${longestHostname} characters`,
      remedy: 'shorten the name of the deployment or of the group',
    });
  }
  // Both belong to disruption windows, which come with a later version.
  for (const key of ['drain', 'maxUnavailable']) {
    if (group[key] !== undefined) problems.push(notAvailableYet(at(key), `'${key}' is not available yet`));
  }
  const nodes = isJsonObject(group['nodes']) ? group['nodes'] : {};
  return {
    name,
    roles: strings(group['roles']).sort(),
    count,
    site: text(group['site']),
    image: typeof group['image'] === 'string' ? group['image'] : null,
    size: readSize(group['size']),
    capabilities: strings(group['capabilities']).sort(),
    labels: labels(group['labels']),
    params: paramLayer(group['params'], at('params'), problems),
    nodes: Object.fromEntries(
      Object.entries(nodes).map(([node, settings]) => {
        const own = isJsonObject(settings) ? settings : {};
        const params = paramLayer(own['params'], at('nodes', node, 'params'), problems);
        return [node, { params, labels: labels(own['labels']) }];
      }),
    ),
    omit,
    maxUnavailable: null,
    maxFailed: countOrPercent(group['maxFailed']) ?? 0,
  };
}

const notAvailableYet = (path: readonly PathSegment[], message: string): Problem => ({
  code: 'not-available-yet',
  path: jsonPath(path),
  message,
  remedy: 'leave it out',
});

function readSize(size: Json | undefined): SizeRequest | string | null {
  if (typeof size === 'string') return size;
  if (!isJsonObject(size)) return null;
  const { cpus, memoryGiB, diskGiB, gpu, arch } = size;
  return {
    ...(typeof cpus === 'number' ? { cpus } : {}),
    ...(typeof memoryGiB === 'number' ? { memoryGib: memoryGiB } : {}),
    ...(typeof diskGiB === 'number' ? { diskGib: diskGiB } : {}),
    ...(typeof gpu === 'number' ? { gpus: gpu } : {}),
    ...(typeof arch === 'string' ? { arch } : {}),
  };
}

function readRanges(packs: Json | undefined, problems: Problem[]): Readonly<Record<string, string>> {
  if (!isJsonObject(packs)) return {};
  return Object.fromEntries(
    Object.entries(packs).map(([pack, range]) => {
      if (typeof range === 'string' && validRange(range) === null) {
        problems.push({
          code: 'bad-range',
          path: jsonPath(['packs', pack]),
          message: `'${range.slice(0, 100)}' is no version range`,
          remedy: 'write ^1, ~1.2, >=1.2 <2 or an exact version',
        });
      }
      return [pack, text(range)];
    }),
  );
}

/** A count of nodes is the number people get wrong most: say what to do instead. */
function withCountRemedy(problem: Problem): Problem {
  if (problem.code !== 'out-of-range' || !/^\$\.groups\[\d+\]\.count$/.test(problem.path)) return problem;
  return { ...problem, remedy: 'a group has 1 to 5000 nodes; to retire a group, leave it out of the specification' };
}

const list = (value: Json | undefined): readonly Json[] => (value !== undefined && isJsonArray(value) ? value : []);
const text = (value: Json | undefined): string => (typeof value === 'string' ? value : '');
const strings = (value: Json | undefined): string[] => list(value).filter((item) => typeof item === 'string');
const numbers = (value: Json | undefined): number[] => list(value).filter((item) => typeof item === 'number');
const countOrPercent = (value: Json | undefined): number | string | null =>
  typeof value === 'number' || typeof value === 'string' ? value : null;

const labels = (value: Json | undefined): Readonly<Record<string, string>> =>
  isJsonObject(value) ? Object.fromEntries(Object.entries(value).map(([key, item]) => [key, text(item)])) : {};
