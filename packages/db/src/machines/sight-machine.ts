import {
  firstMachine,
  type Machine,
  matchIdentity,
  mergeIdentity,
  refuseSighting,
  type Sighted,
  sightedMachine,
  type Sighting,
  type SightingLimits,
} from '@formwork/core';
import type { Transaction } from '../transaction.ts';
import { type MachineColumns, machineColumns, marksOf, parseMachine } from './machine-row.ts';
import { freeName } from './free-name.ts';
import { insertMachine, lockMachine, nowOf, storeMachine } from './write-machine.ts';

export async function machinesLike(
  db: Pick<Transaction, 'query'>,
  siteId: string,
  identity: Machine['identity'],
): Promise<readonly Machine[]> {
  const rows = await db.query<MachineColumns>(
    `SELECT ${machineColumns('m')} FROM machines m WHERE m.site_id = $1 AND m.marks && $2::text[] ORDER BY m.id`,
    [siteId, marksOf(identity)],
  );
  return rows.map(parseMachine);
}

/** One site's sightings one after the other: two at once of a machine that nobody knows make one. */
export async function sightMachine(
  tx: Transaction,
  sighting: Sighting,
  limits: SightingLimits,
  by: { readonly id: string; readonly actor: string },
): Promise<Sighted> {
  await tx.query(`SELECT pg_advisory_xact_lock(hashtext('formwork.machines'), hashtext($1))`, [sighting.siteId]);
  const { siteId, subnet, identity } = sighting;
  const match = matchIdentity(identity, await machinesLike(tx, siteId, identity));
  if (match.kind === 'ambiguous') return match;
  const nowMs = await nowOf(tx);
  if (match.kind === 'same') return { kind: 'known', machine: await known(tx, match.machine, sighting, by, nowMs) };
  const [counted] = await tx.query<{ unknown: number; in_window: number }>(
    `SELECT count(*)::int AS unknown,
       (count(*) FILTER (WHERE created_at > clock_timestamp() - $3 * interval '1 millisecond'))::int AS in_window
     FROM machines WHERE site_id = $1 AND subnet = $2 AND state = 'discovered' AND NOT approved`,
    [siteId, subnet, limits.windowMs],
  );
  const refused = refuseSighting({ unknown: counted?.unknown ?? 0, inWindow: counted?.in_window ?? 0 }, limits);
  if (refused !== null) return { kind: 'refused', ...refused };
  const machine = firstMachine(by.id, sightedMachine(sighting, 'approval'), nowMs);
  // A MAC that two machines claim to have names only the first.
  await insertMachine(tx, { ...machine, name: await freeName(tx, machine) }, by.actor);
  return { kind: 'unknown', machine: await lockMachine(tx, by.id) };
}

/** What was seen of it is added to what is known. */
async function known(
  tx: Transaction,
  machine: Machine,
  sighting: Sighting,
  by: { readonly actor: string },
  nowMs: number,
): Promise<Machine> {
  const before = await lockMachine(tx, machine.id);
  const identity = mergeIdentity(before.identity, sighting.identity);
  const same = JSON.stringify(identity) === JSON.stringify(before.identity) && before.subnet === sighting.subnet;
  if (same) return before;
  return await storeMachine(tx, before, { ...before, identity, subnet: sighting.subnet }, { actor: by.actor, nowMs });
}
