import { lstat, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Checked, Pack, Problem } from '@formwork/core';
import { FormworkError } from '@formwork/core';
import { satisfies } from 'semver';
import { type Dependencies, loadPackFiles } from './load-pack-files.ts';
import { packLimits } from './pack-limits.ts';
import { decodeText, tooLarge } from './pack-text.ts';
import { type LoadedPack, type PackFiles, problemAt } from './pack-source.ts';
import { readPack } from './read-pack.ts';

/** One pack from its folder; see `loadPackFiles`. Throws FormworkError `not-found` when there is no such folder. */
export async function loadPack(directory: string, dependencies: Dependencies = null): Promise<Checked<LoadedPack>> {
  const files = await readPackDirectory(directory);
  return files.ok ? loadPackFiles(files.value, dependencies) : files;
}

/**
 * Packs that may build on each other and on `available`, each checked against the packs it names. All problems of all
 * packs at once; a problem's file begins with the pack's folder as it was given.
 */
export async function loadPacks(
  directories: readonly string[],
  available: readonly Pack[] = [],
): Promise<Checked<readonly LoadedPack[]>> {
  const read = await Promise.all(
    directories.map(async (directory) => {
      const files = await readPackDirectory(directory);
      return { directory, files, pack: files.ok ? readPack(files.value).pack : null };
    }),
  );
  const known = [...read.flatMap(({ pack }) => pack ?? []), ...available];
  const problems: Problem[] = [];
  const loaded: LoadedPack[] = [];
  for (const { directory, files, pack } of read) {
    const dependencies = pack === null ? [] : dependenciesOf(pack, known);
    const checked: Checked<LoadedPack> = files.ok ? loadPackFiles(files.value, dependencies) : files;
    if (checked.ok) loaded.push(checked.value);
    else
      problems.push(...checked.problems.map((problem) => ({ ...problem, file: join(directory, problem.file ?? '') })));
  }
  return problems.length === 0 ? { ok: true, value: loaded } : { ok: false, problems };
}

/** The packs a pack builds on, directly or not: of each the first known that its range accepts. */
export function dependenciesOf(pack: Pack, known: readonly Pack[]): readonly Pack[] {
  const found = new Map<string, Pack>();
  const visit = (of: Pack): void => {
    for (const [name, range] of Object.entries(of.packs)) {
      if (found.has(name) || name === pack.name) continue;
      const match = known.find((candidate) => candidate.name === name && satisfies(candidate.version, range));
      if (match === undefined) continue;
      found.set(name, match);
      visit(match);
    }
  };
  visit(pack);
  return [...found.values()];
}

/** The text files of a pack's folder by relative path. Links, binary files and what is too large are problems. */
export async function readPackDirectory(directory: string): Promise<Checked<PackFiles>> {
  const problems: Problem[] = [];
  const files: [string, string][] = [];
  let totalBytes = 0;

  const visit = async (folder: string): Promise<void> => {
    const entries = await readdir(join(directory, folder), { withFileTypes: true });
    for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
      if (entry.name.startsWith('.')) continue;
      const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
      if (entry.isDirectory()) {
        if (path.split('/').length <= 16) await visit(path);
        else problems.push(problemAt(path, [], 'too-deep', 'folders are nested deeper than 16 levels'));
      } else if (!entry.isFile()) {
        problems.push(
          problemAt(
            path,
            [],
            'not-a-file',
            'only plain files and folders may be in a pack',
            'replace the link by a copy',
          ),
        );
      } else {
        const { size } = await lstat(join(directory, path));
        totalBytes += size;
        if (size > packLimits.fileBytes || totalBytes > packLimits.totalBytes || files.length >= packLimits.files) {
          problems.push(problemAt(path, [], 'too-large', tooLarge));
          return;
        }
        const text = decodeText(await readFile(join(directory, path)));
        if (text === null) problems.push(problemAt(path, [], 'not-text', 'the file is no UTF-8 text'));
        else files.push([path, text]);
      }
    }
  };
  try {
    await visit('');
  } catch (error) {
    throw new FormworkError('not-found', 'pack-unreadable', `cannot read the pack folder ${directory}`, {
      cause: error,
    });
  }
  return problems.length === 0 ? { ok: true, value: Object.fromEntries(files) } : { ok: false, problems };
}
