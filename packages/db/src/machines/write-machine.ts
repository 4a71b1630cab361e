import { FormworkError, type JsonObject, type Machine } from '@formwork/core';
import type { Transaction } from '../transaction.ts';
import {
  lookAtOf,
  type MachineColumns,
  machineColumns,
  parseMachine,
  writtenColumns,
  writtenValues,
} from './machine-row.ts';

/** Fields that a person or a plan cares about; power, boots and agents change all the time and are no events. */
const told = ['name', 'approved', 'trust', 'labels', 'bmc', 'allocation', 'identity', 'subnet'] as const;

export async function insertMachine(tx: Transaction, machine: Machine, actor: string): Promise<void> {
  const inserted = await tx.query(
    `INSERT INTO machines (id, name, state, reason, since, deadline, approved, trust, dirty, identity, marks, labels, subnet, bmc,
       facts, facts_at, allocation, allocation_key, deployment_id, node_id, install, power, site_id, look_at, created_at)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25)
     ON CONFLICT (site_id, name) DO NOTHING RETURNING id`,
    [
      ...writtenValues(machine),
      machine.siteId,
      lookAtOf(machine, machine.sinceMs),
      new Date(machine.createdAtMs).toISOString(),
    ],
  );
  if (inserted.length === 0) {
    throw new FormworkError(
      'conflict',
      'already-exists',
      `there is a machine ${machine.name} at this site already; choose another name`,
    );
  }
  emitMachine(tx, machine.state, machine, actor, {});
}

export async function lockMachine(tx: Transaction, id: string): Promise<Machine> {
  const [row] = await tx.query<MachineColumns>(
    `SELECT ${machineColumns('m')} FROM machines m WHERE m.id = $1 FOR UPDATE`,
    [id],
  );
  if (row === undefined) throw new FormworkError('not-found', 'machine-not-found', 'there is no such machine');
  return parseMachine(row);
}

/** Writes what the locked machine became, its event, and the end of the tasks of a state that is over. */
export async function storeMachine(
  tx: Transaction,
  before: Machine,
  after: Machine,
  by: { readonly actor: string; readonly nowMs: number },
): Promise<Machine> {
  const moved = before.state !== after.state || before.sinceMs !== after.sinceMs;
  const lookAt = moved || before.deadlineMs !== after.deadlineMs ? lookAtOf(after, by.nowMs) : null;
  // An agent that is heard every few seconds is no change that somebody else could have overlooked.
  const onlyPower = JSON.stringify({ ...before, power: after.power }) === JSON.stringify(after);
  const taken = await tx.query<{ version: number }>(
    `UPDATE machines SET ${writtenColumns}, look_at = COALESCE($23::timestamptz, look_at), version = version + $24,
       updated_at = clock_timestamp()
     WHERE id = $1 AND ($2 = name OR NOT EXISTS (
       SELECT 1 FROM machines other WHERE other.site_id = machines.site_id AND other.name = $2 AND other.id <> $1))
     RETURNING version`,
    [...writtenValues(after), lookAt, onlyPower ? 0 : 1],
  );
  const version = taken[0]?.version;
  if (version === undefined) {
    throw new FormworkError('conflict', 'already-exists', `there is a machine ${after.name} at this site already`);
  }
  if (moved) {
    await tx.query(
      `UPDATE machine_tasks SET state = 'cancelled', ended_at = clock_timestamp() WHERE machine_id = $1 AND state IN ('queued', 'given')`,
      [after.id],
    );
  }
  if (moved || before.reason.code !== after.reason.code) {
    emitMachine(tx, after.state, after, by.actor, { from: before.state });
  } else {
    const changed = told.filter((field) => JSON.stringify(before[field]) !== JSON.stringify(after[field]));
    if (changed.length > 0) emitMachine(tx, 'changed', after, by.actor, { changed: [...changed] });
  }
  return { ...after, version };
}

export function emitMachine(tx: Transaction, what: string, machine: Machine, actor: string, more: JsonObject): void {
  tx.emit({
    kind: `machine.${what}`,
    actor,
    deploymentId: machine.allocation?.deploymentId ?? null,
    nodeId: machine.allocation?.nodeId ?? null,
    data: {
      machineId: machine.id,
      siteId: machine.siteId,
      name: machine.name,
      state: machine.state,
      reason: { ...machine.reason },
      ...more,
    },
  });
}

/** The database's clock, as exact as what is kept: milliseconds. */
export async function nowOf(db: Pick<Transaction, 'query'>): Promise<number> {
  const [row] = await db.query<{ now: Date }>(`SELECT date_trunc('milliseconds', clock_timestamp()) AS now`);
  return row?.now.getTime() ?? 0;
}
