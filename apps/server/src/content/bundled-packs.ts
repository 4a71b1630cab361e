import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { loadPacks } from '@formwork/content';
import { FormworkError } from '@formwork/core';
import { type Database, type Log, storePack } from '@formwork/db';

/**
 * Stores the packs of a folder that are not stored yet. A pack that was edited under the same version is stored anew
 * while no living deployment is pinned to it; else the stored one stays and the log says so, for a deployment's content
 * never changes under it. Throws `invalid` `bad-content` with every problem of every pack.
 */
export async function storeBundledPacks(deps: {
  readonly db: Database;
  readonly directory: string;
  readonly newId: () => string;
  readonly log: Log;
  /** False in production: then an edited pack is refused even when nobody uses it. */
  readonly mayReplace: boolean;
}): Promise<void> {
  const entries = await readdir(deps.directory, { withFileTypes: true });
  const folders = entries
    .filter((entry) => entry.isDirectory())
    .map((entry) => path.join(deps.directory, entry.name))
    .sort();
  const loaded = await loadPacks(folders);
  if (!loaded.ok) {
    const text = loaded.problems.map(
      (problem) => `${problem.file ?? ''}:${problem.line ?? 1} ${problem.path}: ${problem.message}`,
    );
    throw new FormworkError('invalid', 'bad-content', `the bundled packs have problems:\n${text.join('\n')}`);
  }
  for (const { pack, bundles } of loaded.value) {
    const request = {
      id: deps.newId(),
      pack,
      bundles,
      source: 'bundled' as const,
      replaceUnpinned: deps.mayReplace,
      actor: 'server',
    };
    try {
      const outcome = await deps.db.transaction((tx) => storePack(tx, request));
      if (outcome !== 'unchanged')
        deps.log.info({ pack: pack.name, version: pack.version, outcome }, 'a bundled pack was stored');
    } catch (error) {
      if (!(error instanceof FormworkError) || error.code !== 'pack-differs') throw error;
      deps.log.error(
        { pack: pack.name, version: pack.version, error: error.message },
        'a bundled pack was edited without a new version; the stored one stays',
      );
    }
  }
}
