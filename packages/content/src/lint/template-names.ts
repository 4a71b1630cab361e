import type { RoleDefinition } from '@formwork/core';
import { suggest } from '@formwork/core';
import type { Liquid } from 'liquidjs';
import type { LintContext } from './lint-context.ts';

/** What may follow a name in a template; `leaf` is a value whose inside is not checked. */
export type Names = { readonly kind: 'leaf' } | { readonly kind: 'list'; readonly item: Names } | NameTable;
interface NameTable {
  readonly kind: 'table';
  readonly names: ReadonlyMap<string, Names>;
}

const leaf: Names = { kind: 'leaf' };
const table = (entries: Iterable<readonly [string, Names]>): NameTable => ({ kind: 'table', names: new Map(entries) });
const leaves = (names: readonly string[]): NameTable => table(names.map((name) => [name, leaf]));

/** Everything a role's templates may name, by what it declares. `file`: a rendered file also knows action and founding. */
export function namesOf(role: RoleDefinition, where: 'value' | 'file'): NameTable {
  const params = [...role.params.map((param) => param.fullName), ...role.uses];
  const namespaces = new Map<string, string[]>();
  for (const name of params) {
    const dot = name.indexOf('.');
    const namespace = name.slice(0, dot);
    namespaces.set(namespace, [...(namespaces.get(namespace) ?? []), name.slice(dot + 1)]);
  }
  const onNode = role.placement !== 'deployment' || where === 'file';
  return table([
    ['deployment', leaves(['name'])],
    ...(onNode ? [['node', leaves(['name', 'group'])] as const] : []),
    ['facts', leaves(role.facts)],
    [
      'params',
      table([
        ...params.map((name) => [name, leaf] as const),
        ...[...namespaces].map(([name, own]) => [name, leaves(own)] as const),
      ]),
    ],
    ['requires', table(role.requires.map(({ role: name, outputs }) => [name, leaves(outputs)]))],
    [
      'needs',
      table(
        role.needs.map(({ role: name, from, outputs }) => [
          name,
          from === 'one' || from === 'any' ? leaves(outputs) : { kind: 'list', item: leaves(['node', ...outputs]) },
        ]),
      ),
    ],
    ...(where === 'file' ? [['action', leaf] as const, ['founding', leaf] as const] : []),
  ]);
}

export interface UnknownName {
  readonly name: string;
  readonly remedy: string | undefined;
}

/** Names in a template that its role does not declare. Throws what the engine throws when the template is malformed. */
export function unknownNames(engine: Liquid, source: string, names: Names): readonly UnknownName[] {
  const unknown = engine.globalVariableSegmentsSync(source).flatMap((segments) => firstUnknown(segments, names) ?? []);
  return [...unknown, ...unknownMapped(source, names)];
}

function firstUnknown(segments: readonly unknown[], names: Names): UnknownName | null {
  let at = names;
  for (const [index, segment] of segments.entries()) {
    if (at.kind === 'leaf' || (typeof segment !== 'string' && typeof segment !== 'number')) return null;
    const name = String(segment);
    if (at.kind === 'list') {
      if (name === 'size') return null;
      at = at.item;
      continue;
    }
    const next = at.names.get(name);
    if (next === undefined) {
      return {
        name: segments
          .slice(0, index + 1)
          .map(String)
          .join('.'),
        remedy: remedyFor(segments, index, at),
      };
    }
    at = next;
  }
  return null;
}

const declaredBy = new Map([
  ['facts', 'add it to facts'],
  ['params', "add it to params, or a shared one to 'uses'"],
  ['requires', 'add it to the outputs of that item of requires'],
  ['needs', 'add it to the outputs of that item of needs'],
]);

function remedyFor(segments: readonly unknown[], index: number, at: NameTable): string | undefined {
  return (
    suggest(String(segments[index]), at.names.keys()) ?? (index === 0 ? undefined : declaredBy.get(String(segments[0])))
  );
}

/** `needs.etcd-member | map: 'clientUrl'`: the name after `map:` is one of an item of the list. */
function unknownMapped(source: string, names: Names): UnknownName[] {
  const pattern = /needs(?:\.([a-z0-9-]+)|\[["']([a-z0-9-]+)["']\])\s*\|\s*map:\s*["']([^"']+)["']/g;
  return [...source.matchAll(pattern)].flatMap(([, plain, quoted, mapped]) => {
    const role = plain ?? quoted ?? '';
    return firstUnknown(['needs', role, 0, mapped ?? ''], names) ?? [];
  });
}

/** Whether a template names a secret parameter, or a secret output of another role. */
export function namesSecret(engine: Liquid, source: string, role: RoleDefinition, context: LintContext): boolean {
  return engine.globalVariableSegmentsSync(source).some((segments) => {
    const [root, first, second, third] = segments.map((segment) =>
      typeof segment === 'object' ? '' : String(segment),
    );
    if (root === 'params') {
      return [first, `${first ?? ''}.${second ?? ''}`].some((name) => {
        const own = role.params.find((param) => param.fullName === name);
        return (own ?? context.index.params.get(name ?? ''))?.secret === true;
      });
    }
    if (root !== 'requires' && root !== 'needs') return false;
    const secrets = context.candidates(first ?? '').flatMap((of) => of.outputs.filter((output) => output.secret));
    return secrets.some((output) => output.name === second || output.name === third);
  });
}
