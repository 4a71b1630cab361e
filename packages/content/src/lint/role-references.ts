import type { PathSegment, Problem } from '@formwork/core';
import { suggest } from '@formwork/core';
import { readList, readObject } from '../document/read-json.ts';
import { problemAt, type RoleSource } from '../pack/pack-source.ts';
import type { LintCheck, LintContext } from './lint-context.ts';

/** Names in a role that nothing bears, and outputs that their role does not declare. */
export const roleReferences: LintCheck = (context) =>
  context.source.roles
    .filter((role) => role.sound)
    .flatMap((role) => [
      ...names(role, context),
      ...outputs(role, context),
      ...sharedParams(role, context),
      ...clusterAndOnce(role, context),
      ...issuer(role, context),
    ]);

function names({ file, value: role }: RoleSource, context: LintContext): Problem[] {
  const named: { name: string; path: PathSegment[] }[] = [
    ...role.requires.map(({ role: name }, index) => ({ name, path: ['requires', index] })),
    ...role.needs.map(({ role: name }, index) => ({ name, path: ['needs', index, 'role'] })),
    ...role.after.map((name, index) => ({ name, path: ['after', index] })),
    ...role.conflicts.map((name, index) => ({ name, path: ['conflicts', index] })),
    ...(role.runsOn === null ? [] : [{ name: role.runsOn, path: ['runsOn'] }]),
    ...(role.restOf === null ? [] : [{ name: role.restOf, path: ['restOf'] }]),
    ...(role.pki?.issuer == null ? [] : [{ name: role.pki.issuer, path: ['pki', 'issuer'] }]),
  ];
  const problems = named.flatMap(({ name, path }) => {
    if (!context.complete || context.candidates(name).length > 0) return [];
    const remedy = suggest(name, context.names) ?? 'add the pack that has it to packs: in pack.yaml';
    return [problemAt(file, path, 'unknown-role', `no role, and no capability, is called '${name}'`, remedy)];
  });
  for (const [index, name] of role.provides.entries()) {
    if (!context.index.roles.has(name)) continue;
    problems.push(
      problemAt(
        file,
        ['provides', index],
        'duplicate-name',
        `'${name}' is the name of a role`,
        'name the capability differently',
      ),
    );
  }
  return problems;
}

/** Outputs asked for, by every role that the name may stand for. */
function outputs({ file, value: role, document }: RoleSource, context: LintContext): Problem[] {
  const asked = (key: 'requires' | 'needs') =>
    role[key].flatMap(({ role: name, outputs: wanted }, index) =>
      wanted.map((output, at) => ({ name, output, path: [key, index, 'outputs', at] })),
    );
  return [...asked('requires'), ...asked('needs')].flatMap(({ name, output, path }) => {
    const missing = context.candidates(name).find((of) => of.outputs.every((declared) => declared.name !== output));
    if (missing === undefined) return [];
    const declared = missing.outputs.map((known) => known.name);
    const written = readObject(readList(document[String(path[0])])[Number(path[1])])['outputs'];
    return [
      problemAt(
        file,
        written === undefined ? path.slice(0, 2) : path,
        'unknown-output',
        `the role '${missing.name}' declares no output '${output}'`,
        suggest(output, declared) ?? `declare it in the role '${missing.name}'`,
      ),
    ];
  });
}

function sharedParams({ file, value: role }: RoleSource, { index, complete }: LintContext): Problem[] {
  return role.uses.flatMap((name, at) => {
    if (role.params.some((param) => param.fullName === name)) {
      return [
        problemAt(
          file,
          ['uses', at],
          'duplicate-name',
          `'${name}' is the role's own parameter`,
          'leave it out of uses',
        ),
      ];
    }
    if (!complete || index.params.has(name)) return [];
    const remedy = suggest(name, index.params.keys()) ?? 'declare it under params in pack.yaml';
    return [problemAt(file, ['uses', at], 'unknown-param', `no parameter is called '${name}'`, remedy)];
  });
}

function clusterAndOnce({ file, value: role }: RoleSource, context: LintContext): Problem[] {
  const problems: Problem[] = [];
  for (const [index, need] of role.needs.entries()) {
    const producer = context.resolve(need.role);
    if (need.from !== 'founders' || producer === null || role.cluster !== null || producer.cluster !== null) continue;
    problems.push(
      problemAt(
        file,
        ['needs', index, 'from'],
        'bad-combination',
        `neither '${role.name}' nor '${producer.name}' has founders`,
        'add cluster: {founding: parallel} to the role that forms the cluster',
      ),
    );
  }
  const once = role.restOf === null ? null : context.resolve(role.restOf);
  if (once !== null && once.placement !== 'once') {
    problems.push(
      problemAt(
        file,
        ['restOf'],
        'bad-combination',
        `the role '${once.name}' is not placed once`,
        'name a role with placement: once',
      ),
    );
  }
  const host = role.runsOn === null ? null : context.resolve(role.runsOn);
  if (host !== null && host.placement === 'deployment') {
    problems.push(
      problemAt(
        file,
        ['runsOn'],
        'bad-combination',
        `the role '${host.name}' is on no node`,
        'name a role that is bound to nodes',
      ),
    );
  }
  return problems;
}

/** A leaf is signed with outputs of its issuer, so it must need them. */
function issuer({ file, value: role }: RoleSource, context: LintContext): Problem[] {
  const name = role.pki?.issuer ?? null;
  if (name === null) return [];
  const problems: Problem[] = [];
  const authority = context.resolve(name);
  if (authority !== null && authority.pki?.make !== 'authority') {
    problems.push(
      problemAt(
        file,
        ['pki', 'issuer'],
        'bad-combination',
        `the role '${name}' makes no authority`,
        'name a role with pki: {make: authority}',
      ),
    );
  }
  const need = role.needs.find((candidate) => candidate.role === name);
  if (
    need === undefined ||
    need.from !== 'one' ||
    !['certificate', 'key'].every((output) => need.outputs.includes(output))
  ) {
    problems.push(
      problemAt(
        file,
        ['pki', 'issuer'],
        'missing-key',
        `the issuer's certificate and key are not among the needs`,
        `add needs: [{role: ${name}, from: one, outputs: [certificate, key]}]`,
      ),
    );
  }
  return problems;
}
