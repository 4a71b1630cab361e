import type { Checked, Content, Pack, Problem, Specification } from '@formwork/core';
import { jsonPath, suggest } from '@formwork/core';
import { rcompare, satisfies } from 'semver';

interface Wish {
  readonly range: string;
  readonly by: string;
}

/**
 * The packs a specification needs: the one with its workflow, those it names, and what they build on, each in the
 * newest version that fits everybody who asks for it. `available` holds every stored version.
 */
export function resolvePacks(spec: Specification, available: readonly Pack[]): Checked<Content> {
  const newestFirst = [...available].sort((a, b) => rcompare(a.version, b.version));
  const owner = packOfWorkflow(spec, newestFirst);
  if (!owner.ok) return owner;
  const roots = new Set([owner.value, ...Object.keys(spec.packs)]);
  let chosen: ReadonlyMap<string, Pack> = new Map();
  let problems: readonly Problem[] = [];
  let settled = false;
  // Choosing a pack brings in the ranges of what it builds on, which may choose others: at most once around for each.
  for (let round = 0; !settled && round <= available.length + 1; round += 1) {
    const next = choose(spec, roots, chosen, newestFirst);
    settled = sameChoice(chosen, next.chosen);
    chosen = next.chosen;
    problems = next.problems;
  }
  if (problems.length > 0) return { ok: false, problems };
  if (!settled) {
    const message = 'the packs ask for versions of each other that never fit together';
    return {
      ok: false,
      problems: [{ code: 'no-version', path: '$.packs', message, remedy: 'name exact versions under packs' }],
    };
  }
  const packs = [...chosen.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  const clashes = clashesOf(packs);
  return clashes.length > 0 ? { ok: false, problems: clashes } : { ok: true, value: { packs } };
}

function packOfWorkflow(spec: Specification, newestFirst: readonly Pack[]): Checked<string> {
  const path = '$.workflow';
  const fitting = newestFirst.filter((pack) => satisfies(pack.version, spec.packs[pack.name] ?? '*'));
  const owners = ownersOf(spec.workflow, fitting);
  const named = owners.filter((name) => spec.packs[name] !== undefined);
  const [only] = named.length === 1 ? named : owners;
  if (only !== undefined && (owners.length === 1 || named.length === 1)) return { ok: true, value: only };
  if (owners.length > 1) {
    const message = `several packs have a workflow '${spec.workflow}': ${owners.join(', ')}`;
    return {
      ok: false,
      problems: [{ code: 'ambiguous-workflow', path, message, remedy: 'name the one you mean under packs' }],
    };
  }
  const elsewhere = ownersOf(spec.workflow, newestFirst);
  if (elsewhere.length > 0) {
    return {
      ok: false,
      problems: elsewhere.map((name) =>
        unfitting(name, [{ range: spec.packs[name] ?? '*', by: 'the specification' }], newestFirst, spec),
      ),
    };
  }
  const remedy = suggest(
    spec.workflow,
    newestFirst.flatMap((pack) => pack.workflows.map((workflow) => workflow.name)),
  );
  const message = `no pack has a workflow '${spec.workflow}'`;
  return {
    ok: false,
    problems: [{ code: 'unknown-workflow', path, message, ...(remedy === undefined ? {} : { remedy }) }],
  };
}

const ownersOf = (workflow: string, packs: readonly Pack[]): readonly string[] => [
  ...new Set(packs.filter((pack) => pack.workflows.some((one) => one.name === workflow)).map((pack) => pack.name)),
];

function choose(
  spec: Specification,
  roots: ReadonlySet<string>,
  before: ReadonlyMap<string, Pack>,
  newestFirst: readonly Pack[],
): { readonly chosen: ReadonlyMap<string, Pack>; readonly problems: readonly Problem[] } {
  const chosen = new Map<string, Pack>();
  const problems: Problem[] = [];
  const wishes = (name: string): readonly Wish[] => [
    ...(spec.packs[name] === undefined ? [] : [{ range: spec.packs[name], by: 'the specification' }]),
    ...[...before.values()].flatMap((pack) => {
      const range = pack.packs[name];
      return range === undefined ? [] : [{ range, by: `${pack.name} ${pack.version}` }];
    }),
  ];
  const needed = [...roots];
  const seen = new Set(needed);
  for (let name = needed.shift(); name !== undefined; name = needed.shift()) {
    const asked = wishes(name);
    const wanted = name;
    const pack = newestFirst.find(
      (candidate) => candidate.name === wanted && asked.every(({ range }) => satisfies(candidate.version, range)),
    );
    if (pack === undefined) {
      problems.push(unfitting(name, asked, newestFirst, spec));
      continue;
    }
    chosen.set(name, pack);
    for (const other of Object.keys(pack.packs)) {
      if (seen.has(other)) continue;
      seen.add(other);
      needed.push(other);
    }
  }
  return { chosen, problems };
}

function unfitting(name: string, asked: readonly Wish[], newestFirst: readonly Pack[], spec: Specification): Problem {
  const path = spec.packs[name] === undefined ? '$.workflow' : jsonPath(['packs', name]);
  const versions = newestFirst.filter((pack) => pack.name === name).map((pack) => pack.version);
  const by = asked.map((wish) => `${wish.range} (${wish.by})`).join(', ');
  if (versions.length === 0) {
    const remedy =
      suggest(
        name,
        newestFirst.map((pack) => pack.name),
      ) ?? 'upload it first';
    return {
      code: 'unknown-pack',
      path,
      message: `there is no pack '${name}'${by === '' ? '' : `, wanted as ${by}`}`,
      remedy,
    };
  }
  return {
    code: 'no-version',
    path,
    message: `no version of the pack '${name}' fits ${by}`,
    remedy: `stored: ${versions.slice(0, 10).join(', ')}`,
  };
}

const sameChoice = (a: ReadonlyMap<string, Pack>, b: ReadonlyMap<string, Pack>): boolean =>
  a.size === b.size && [...a].every(([name, pack]) => b.get(name)?.version === pack.version);

/** Names are unique over all packs of a content; two packs that were never linted together may clash. */
function clashesOf(packs: readonly Pack[]): Problem[] {
  const owner = new Map<string, string>();
  return packs.flatMap((pack) => {
    const names = [
      ...pack.roles.map((role) => `role '${role.name}'`),
      ...pack.workflows.map((workflow) => `workflow '${workflow.name}'`),
      ...pack.profiles.map((profile) => `profile '${profile.name}'`),
    ];
    return names.flatMap((name): Problem[] => {
      const first = owner.get(name);
      owner.set(name, first ?? pack.name);
      if (first === undefined) return [];
      const message = `the packs '${first}' and '${pack.name}' both have a ${name}`;
      return [{ code: 'duplicate-name', path: '$.packs', message, remedy: 'use only one of the two packs' }];
    });
  });
}
