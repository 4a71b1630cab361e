import type { Checked, Pack, ParamDeclaration } from '@formwork/core';
import { lintPack } from '../lint/lint-pack.ts';
import type { LoadedPack, PackFiles, PackSource } from './pack-source.ts';
import { readPack } from './read-pack.ts';

/** The packs that this one builds on; null when they are not at hand: then names of other packs are not checked. */
export type Dependencies = readonly Pack[] | null;

/**
 * A pack from the content of its files. Every problem of syntax, shape and meaning is in the answer, with file, line
 * and JSON path. With `dependencies` the names of other packs are checked too.
 */
export function loadPackFiles(files: PackFiles, dependencies: Dependencies = null): Checked<LoadedPack> {
  const source = readPack(files);
  const problems = source.locate([...source.problems, ...lintPack(source, dependencies)]);
  return problems.length === 0
    ? { ok: true, value: { pack: source.pack, bundles: bundlesOf(source, dependencies ?? []) } }
    : { ok: false, problems };
}

function bundlesOf(source: PackSource, dependencies: readonly Pack[]): LoadedPack['bundles'] {
  const declared = [source.pack, ...dependencies].flatMap((pack) => [
    ...pack.params,
    ...pack.roles.flatMap((role) => role.params),
  ]);
  const byName = new Map<string, ParamDeclaration>(declared.map((param) => [param.fullName, param]));
  return source.roles.map(({ value, files }) => ({
    role: value,
    shared: value.uses.flatMap((name) => byName.get(name) ?? []),
    files,
  }));
}
