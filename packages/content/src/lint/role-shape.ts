import type { Problem, RoleDefinition } from '@formwork/core';
import { validRange } from 'semver';
import { readList, readObject } from '../document/read-json.ts';
import { problemAt, type RoleSource } from '../pack/pack-source.ts';
import type { LintCheck } from './lint-context.ts';

/** Keys of one role that do not go together. */
export const roleShape: LintCheck = ({ source }) =>
  source.roles
    .filter((role) => role.sound)
    .flatMap((role) => [...executor(role), ...placement(role), ...needs(role), ...upgrades(role)]);

function executor({ file, value: role, document }: RoleSource): Problem[] {
  const problems: Problem[] = [];
  const named = document['executor'];
  if (named === 'ansible' || named === 'helm' || named === 'kubectl') return [];
  if (role.executor === 'script') {
    if (role.steps.apply === undefined && role.steps.verify === undefined) {
      problems.push(
        problemAt(
          file,
          document['steps'] === undefined ? [] : ['steps'],
          'missing-key',
          'the role has no step that does anything',
          'add steps.apply, steps.verify or both',
        ),
      );
    }
  } else {
    for (const key of ['steps', 'files']) {
      if (document[key] === undefined) continue;
      problems.push(
        problemAt(
          file,
          [key],
          'bad-combination',
          `the executor '${role.executor}' runs no ${key}`,
          `leave '${key}' out`,
        ),
      );
    }
  }
  for (const key of ['pki', 'http'] as const) {
    if (role.executor === key && role[key] === null) {
      problems.push(
        problemAt(file, ['executor'], 'missing-key', `the executor '${key}' needs the key '${key}'`, `add '${key}'`),
      );
    }
    if (role.executor !== key && role[key] !== null) {
      problems.push(
        problemAt(file, [key], 'bad-combination', `'${key}' needs executor: ${key}`, `add executor: ${key}`),
      );
    }
  }
  if (role.pki?.make === 'leaf' && role.pki.issuer === null) {
    problems.push(
      problemAt(
        file,
        ['pki'],
        'missing-key',
        'a certificate needs an issuer',
        'add pki.issuer, a role that makes an authority',
      ),
    );
  }
  if (role.executor === 'pki') problems.push(...pkiOutputs(file, role));
  return problems;
}

function pkiOutputs(file: string, role: RoleDefinition): Problem[] {
  return ['certificate', 'key'].flatMap((name) => {
    const output = role.outputs.find((candidate) => candidate.name === name);
    if (output === undefined) {
      return [
        problemAt(
          file,
          [],
          'missing-key',
          `executor pki makes the output '${name}', which is not declared`,
          `add outputs.${name}`,
        ),
      ];
    }
    if (name === 'certificate' || output.secret) return [];
    return [problemAt(file, ['outputs', name], 'secret-exposed', 'a private key must be secret', 'add secret: true')];
  });
}

function placement({ file, value: role, document }: RoleSource): Problem[] {
  const problems: Problem[] = [];
  const refuse = (key: string, message: string, remedy: string): void => {
    problems.push(problemAt(file, document[key] === undefined ? [] : [key], 'bad-combination', message, remedy));
  };
  if (role.placement === 'rest' && role.restOf === null)
    refuse('placement', "placement 'rest' needs restOf", 'add restOf: <role that is placed once>');
  if (role.placement !== 'rest' && role.restOf !== null)
    refuse('restOf', "'restOf' needs placement: rest", 'add placement: rest');
  if (role.placement !== 'deployment') {
    if (role.runsOn !== null)
      refuse('runsOn', "'runsOn' needs placement: deployment", 'leave it out, or add placement: deployment');
    return problems;
  }
  if (role.executor === 'script' && role.runsOn === null) {
    refuse('placement', 'a script of the deployment needs a node to run on', 'add runsOn: <role>, or another executor');
  }
  const onNode = {
    requires: role.requires.length > 0,
    facts: role.facts.length > 0,
    cluster: role.cluster !== null,
  };
  for (const [key, present] of Object.entries(onNode)) {
    if (!present) continue;
    const remedy = key === 'requires' ? 'use needs' : 'leave it out';
    refuse(key, `a role of the deployment is on no node and cannot have '${key}'`, remedy);
  }
  return problems;
}

function needs({ file, value: role, document }: RoleSource): Problem[] {
  const seen = new Set<string>();
  return role.needs.flatMap((need, index) => {
    const problems: Problem[] = [];
    const path = ['needs', index];
    if (seen.has(need.role)) {
      problems.push(
        problemAt(
          file,
          path,
          'duplicate-name',
          `'${need.role}' is needed twice`,
          'join the two: inputs go by the name of the role',
        ),
      );
    }
    seen.add(need.role);
    const min = readObject(readList(document['needs'])[index])['min'];
    if (min !== undefined && (need.from === 'one' || need.from === 'any')) {
      problems.push(
        problemAt(
          file,
          [...path, 'min'],
          'bad-combination',
          `'min' says nothing with from: ${need.from}`,
          'leave it out',
        ),
      );
    } else if (min === 1 && need.from !== 'peers') {
      problems.push(
        problemAt(file, [...path, 'min'], 'bad-combination', `min: 1 is not for from: ${need.from}`, 'use from: any'),
      );
    }
    return problems;
  });
}

function upgrades({ file, value: role }: RoleSource): Problem[] {
  return role.upgrades.flatMap(({ from }, index) =>
    validRange(from) === null
      ? [problemAt(file, ['upgrades', index, 'from'], 'bad-range', `'${from}' is no version range`, 'write <1.4 or ^1')]
      : [],
  );
}
