import type { Problem } from '@formwork/core';
import { suggest } from '@formwork/core';
import { satisfies, valid, validRange } from 'semver';
import { problemAt } from '../pack/pack-source.ts';
import type { LintCheck, LintContext } from './lint-context.ts';

/** Version, ranges, packs it builds on, names that another pack has, and files that belong to nothing. */
export const packDocument: LintCheck = (context) => [
  ...version(context),
  ...ranges(context),
  ...takenNames(context),
  ...strayFiles(context),
];

const file = 'pack.yaml';

function version({ source }: LintContext): Problem[] {
  const found = source.pack.version;
  if (found === '' || valid(found) === found) return [];
  return [problemAt(file, ['version'], 'bad-version', `'${found}' is no version`, 'write three numbers: 1.0.0')];
}

function ranges({ source, dependencies, complete }: LintContext): Problem[] {
  return Object.entries(source.pack.packs).flatMap(([name, range]) => {
    const path = ['packs', name];
    if (validRange(range) === null) {
      return [problemAt(file, path, 'bad-range', `'${range}' is no version range`, 'write ^1, ~1.2 or >=1.2 <2')];
    }
    if (name === source.pack.name)
      return [problemAt(file, path, 'cycle', 'a pack cannot build on itself', 'leave it out')];
    const found = dependencies.filter((pack) => pack.name === name);
    if (!complete || found.some((pack) => satisfies(pack.version, range))) return [];
    const versions = found.map((pack) => pack.version).join(', ');
    return [
      found.length === 0
        ? problemAt(
            file,
            path,
            'missing-pack',
            `the pack '${name}' (${range}) is not here`,
            suggest(
              name,
              dependencies.map((pack) => pack.name),
            ) ?? 'add it, or give its folder too',
          )
        : problemAt(file, path, 'missing-pack', `no version of '${name}' fits ${range}`, `here: ${versions}`),
    ];
  });
}

function takenNames({ source, dependencies }: LintContext): Problem[] {
  const taken = (kind: 'roles' | 'workflows' | 'profiles', name: string, at: string): Problem[] =>
    dependencies
      .filter((pack) => pack[kind].some((other) => other.name === name))
      .map((pack) =>
        problemAt(
          at,
          [],
          'duplicate-name',
          `the pack '${pack.name}' already has '${name}' among its ${kind}`,
          'rename it',
        ),
      );
  return [
    ...source.roles.flatMap((role) => taken('roles', role.value.name, role.file)),
    ...source.workflows.flatMap((workflow) => taken('workflows', workflow.value.name, workflow.file)),
    ...source.profiles.flatMap((profile) => taken('profiles', profile.value.name, profile.file)),
  ];
}

function strayFiles({ source }: LintContext): Problem[] {
  return source.otherFiles.flatMap((path) => {
    if (/^[^/]+\.md$|^(LICENSE|NOTICE|README|CHANGELOG)[^/]*$|^docs\//i.test(path)) return [];
    if (path.startsWith('procedures/')) {
      return [problemAt(path, [], 'not-available-yet', 'procedures are not available yet', 'leave the folder out')];
    }
    const roleFolder = /^roles\/([^/]+)\//.exec(path)?.[1];
    if (roleFolder !== undefined) {
      return [
        problemAt(path, [], 'missing-file', `roles/${roleFolder} has no role.yaml`, 'add one, or remove the folder'),
      ];
    }
    return [
      problemAt(
        path,
        [],
        'unused-file',
        'the file belongs to no document of the pack',
        'documents are pack.yaml, roles/<role>/role.yaml, workflows/<name>.yaml and profiles/<name>.yaml',
      ),
    ];
  });
}
