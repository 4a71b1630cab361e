import path from 'node:path';
import type { Database } from '@formwork/db';
import { allEvents, violations } from '../support/oracle.ts';
import { brokenAttempts, brokenExecutions, readAttempts } from './oracle/attempts.ts';
import { brokenEnd, type Wanted } from './oracle/final-state.ts';
import { brokenFences } from './oracle/fencing.ts';
import { brokenMachines } from './oracle/machines.ts';
import { type Canary, leakedSecrets } from './oracle/secrets.ts';
import { readExecutions } from './oracle/sim-ledger.ts';
import { readWitness } from './oracle/witness.ts';

/** Where the traces of a round are. Nothing may be under way any more. */
export interface Evidence {
  readonly db: Database;
  /** Of the workers: simulated sites have their ledger and their machines below it. */
  readonly dataDirectory: string;
  /** Null when the processes' output was not kept. */
  readonly outputDirectory: string | null;
  /** By deployment. */
  readonly wanted: ReadonlyMap<string, Wanted>;
  readonly canaries: readonly Canary[];
}

/**
 * Everything that must hold after a round, whatever happened in it. Answers what does not, each in a sentence:
 * final states; events gapless, in order and folding to the stored state; each attempt started once, none beside
 * another; claims, fences and leases in order; no stray claim, lock, attempt or machine; no secret anywhere.
 */
export async function judge(evidence: Evidence): Promise<readonly string[]> {
  const { db } = evidence;
  const found: string[] = [];
  for (const [name, wanted] of evidence.wanted) found.push(...(await brokenEnd(db, name, wanted)));
  found.push(...(await violations(db)), ...(await readWitness(db)));
  found.push(...brokenFences(await allEvents(db), await readFences(db)));
  const attempts = await readAttempts(db);
  found.push(...brokenAttempts(attempts));
  for (const { id } of await db.query<{ id: string }>(`SELECT id FROM sites WHERE provider = 'sim'`)) {
    const directory = path.join(evidence.dataDirectory, 'sim', id);
    found.push(...brokenExecutions(readExecutions(directory), attempts));
    found.push(...(await brokenMachines(db, id, directory)));
  }
  const strays = await db.query<{ what: string }>(
    `SELECT 'a lease of ' || worker || ' is left' AS what FROM claims
     UNION ALL SELECT 'the lock ' || name || ' is left' FROM lock_holds
     UNION ALL SELECT 'attempt ' || id || ' is still ' || state FROM attempts WHERE state IN ('running', 'waiting')
     UNION ALL SELECT 'a job of the outbox is left' FROM outbox o
       -- The watch has machines looked at whenever it is time, also between the stillness and this.
       WHERE NOT EXISTS (SELECT 1 FROM site_tasks t WHERE t.kind = 'observe' AND t.id::text = o.data->>'siteTaskId')`,
  );
  found.push(...strays.map(({ what }) => what));
  found.push(...(await leakedSecrets(db, evidence.canaries, evidence.outputDirectory)));
  return [...new Set(found)];
}

const readFences = async (
  db: Database,
): Promise<ReadonlyMap<string, { readonly key: string; readonly fence: number }>> =>
  new Map(
    (await db.query<{ id: string; key: string; fence: number }>('SELECT id, key, fence FROM node_roles')).map((row) => [
      row.id,
      row,
    ]),
  );
