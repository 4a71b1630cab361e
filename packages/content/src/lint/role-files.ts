import type { Problem } from '@formwork/core';
import { suggest } from '@formwork/core';
import { problemAt, type RoleSource } from '../pack/pack-source.ts';
import type { LintCheck } from './lint-context.ts';

/** Files of a role: named but missing, present but unused, and scripts that no shell would run. */
export const roleFiles: LintCheck = ({ source }) =>
  source.roles.filter((role) => role.sound).flatMap((role) => [...missing(role), ...unused(role), ...scripts(role)]);

function named({ value: role }: RoleSource): { name: string; path: (string | number)[] }[] {
  return [
    ...Object.entries(role.steps).map(([step, name]) => ({ name, path: ['steps', step] })),
    ...role.files.map(({ from }, index) => ({ name: from, path: ['files', index, 'from'] })),
  ];
}

function missing(source: RoleSource): Problem[] {
  const { file, value: role, files } = source;
  const targets = new Set<string>();
  const problems = named(source).flatMap(({ name, path }) =>
    files[name] === undefined
      ? [
          problemAt(
            file,
            path,
            'missing-file',
            `roles/${role.name}/${name} does not exist`,
            suggest(name, Object.keys(files)),
          ),
        ]
      : [],
  );
  for (const [index, { to }] of role.files.entries()) {
    if (targets.has(to))
      problems.push(problemAt(file, ['files', index, 'to'], 'duplicate-name', `two files are rendered to '${to}'`));
    targets.add(to);
  }
  return problems;
}

/** A file counts as used when the role names it, or a used file mentions its name (`. ./lib.sh`). */
function unused(source: RoleSource): Problem[] {
  const { value: role, files } = source;
  const used = new Set(named(source).map(({ name }) => name));
  for (let before = -1; before !== used.size; ) {
    before = used.size;
    const texts = [...used].map((name) => files[name] ?? '');
    for (const path of Object.keys(files)) {
      if (texts.some((text) => text.includes(path.split('/').at(-1) ?? path))) used.add(path);
    }
  }
  return Object.keys(files)
    .filter((path) => !used.has(path) && !/^readme(\.|$)/i.test(path))
    .map((path) =>
      problemAt(
        `roles/${role.name}/${path}`,
        [],
        'unused-file',
        'no step, template or script names this file',
        'name it in role.yaml, or remove it',
      ),
    );
}

function scripts({ value: role, files }: RoleSource): Problem[] {
  const steps = new Set(Object.values(role.steps));
  return Object.entries(files).flatMap(([name, text]) => {
    const at = `roles/${role.name}/${name}`;
    const isStep = steps.has(name);
    if (!isStep && !name.endsWith('.sh')) return [];
    const problems: Problem[] = [];
    const carriage = text.split('\n').findIndex((line) => line.endsWith('\r'));
    if (carriage >= 0) {
      problems.push({
        ...problemAt(at, [], 'bad-script', 'the script has Windows line ends', 'save it with LF line ends'),
        line: carriage + 1,
      });
    }
    if (isStep && !/^#!\/bin\/sh\r?(?: |\n|$)/.test(text)) {
      problems.push({
        ...problemAt(at, [], 'bad-script', 'a step is a POSIX shell script', 'let its first line be #!/bin/sh'),
        line: 1,
      });
    }
    return problems;
  });
}
