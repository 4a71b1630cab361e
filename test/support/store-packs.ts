import { randomUUID } from 'node:crypto';
import { loadPacks } from '@formwork/content';
import type { Database } from '@formwork/db';

/** Puts content packs into a database the way the server does at its start. */
export async function storePacks(db: Database, directories: readonly string[]): Promise<void> {
  const loaded = await loadPacks(directories);
  if (!loaded.ok)
    throw new Error(
      loaded.problems.map((problem) => `${problem.file ?? ''} ${problem.path}: ${problem.message}`).join('\n'),
    );
  for (const { pack, bundles } of loaded.value) {
    await db.query(
      'INSERT INTO packs (id, name, version, digest, document, source) VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING',
      [randomUUID(), pack.name, pack.version, pack.digest, JSON.stringify(pack), 'test'],
    );
    for (const bundle of bundles) {
      await db.query('INSERT INTO role_bundles (digest, role, document) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING', [
        bundle.role.digest,
        bundle.role.name,
        JSON.stringify(bundle),
      ]);
    }
  }
}
