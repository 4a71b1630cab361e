import { randomUUID } from 'node:crypto';
import {
  applyMachineEvent,
  firstMachine,
  FormworkError,
  type Machine,
  type MachineDeadlines,
  type MachineQuery,
  type MachineStore,
} from '@formwork/core';
import type { Database } from '../database.ts';
import type { Transaction } from '../transaction.ts';
import { requireVersion } from '../inventory/require-version.ts';
import { isUuid } from '../inventory/page.ts';
import { freeName } from './free-name.ts';
import { type MachineColumns, machineColumns, parseMachine } from './machine-row.ts';
import { enqueueTask, finishTask, nextTask, noteProgress, tasksOf } from './machine-tasks.ts';
import { machinesLike, sightMachine } from './sight-machine.ts';
import { emitMachine, insertMachine, lockMachine, nowOf, storeMachine } from './write-machine.ts';

/** What a write may bring with it in its transaction: the audit entry of a route. */
export interface MachineStoreOptions {
  readonly deadlines?: MachineDeadlines;
  /** Called last in each transaction that changes a machine. */
  readonly alongside?: (tx: Transaction, machine: Machine) => Promise<void>;
}

/** The store on Postgres. Each method is one transaction or one statement. */
export function openMachineStore(db: Database, { deadlines, alongside }: MachineStoreOptions = {}): MachineStore {
  const also = async (tx: Transaction, machine: Machine): Promise<Machine> => {
    await alongside?.(tx, machine);
    return machine;
  };
  return {
    now: () => nowOf(db),
    list: (query) => listMachines(db, query),
    async get(id) {
      if (!isUuid(id)) return null;
      const [row] = await db.query<MachineColumns>(`SELECT ${machineColumns('m')} FROM machines m WHERE m.id = $1`, [
        id,
      ]);
      return row === undefined ? null : parseMachine(row);
    },
    findByIdentity: (siteId, identity) => machinesLike(db, siteId, identity),
    create: (wanted, actor) =>
      db.transaction(async (tx) => {
        const machine = firstMachine(randomUUID(), wanted, await nowOf(tx), deadlines);
        await insertMachine(tx, machine, actor);
        return also(tx, machine);
      }),
    sight: (sighting, limits, actor) => {
      const id = randomUUID();
      return db.transaction((tx) => sightMachine(tx, sighting, limits, { id, actor }));
    },
    update: (id, change, { actor, expectedVersion, freeName: anyName }) =>
      db.transaction(async (tx) => {
        const before = await lockMachine(tx, id);
        requireVersion('the machine', before.version, expectedVersion ?? null);
        const nowMs = await nowOf(tx);
        const changed = change(before, nowMs);
        if (changed === null) return before;
        const after = 'ok' in changed ? changed : { ok: true as const, machine: changed };
        if (!after.ok) throw new FormworkError('conflict', after.code, after.message);
        const renamed = after.machine.name !== before.name;
        const numbered = renamed && (anyName === true || after.machine.name.includes('{number}'));
        const name = numbered ? await freeName(tx, after.machine) : after.machine.name;
        return also(tx, await storeMachine(tx, before, { ...after.machine, name }, { actor, nowMs }));
      }),
    allocate: (siteId, allocation, choose, actor) =>
      db.transaction(async (tx) => {
        // Groups that take machines of one site at once wait for each other: the unique key alone would make them collide.
        await tx.query(`SELECT pg_advisory_xact_lock(hashtext('formwork.allocate'), hashtext($1))`, [siteId]);
        const [given] = await listMachines(tx, { siteId, key: allocation.key });
        if (given !== undefined) return given;
        const chosen = choose(await listMachines(tx, { siteId, states: ['ready'] }));
        if (chosen === null) return null;
        const before = await lockMachine(tx, chosen.id);
        const nowMs = await nowOf(tx);
        const event = { kind: 'allocate', allocation: { ...allocation, atMs: nowMs } } as const;
        const changed = applyMachineEvent(before, event, nowMs, deadlines);
        // It left the pool between the look and the lock; the next call looks again.
        if (!changed.ok) return null;
        return also(tx, await storeMachine(tx, before, changed.machine, { actor, nowMs }));
      }),
    remove: (id, { actor, expectedVersion }) =>
      db.transaction(async (tx) => {
        const machine = await lockMachine(tx, id);
        requireVersion('the machine', machine.version, expectedVersion ?? null);
        if (machine.state !== 'retired' && machine.state !== 'discovered') {
          throw new FormworkError(
            'conflict',
            'in-use',
            `machine ${machine.name} is ${machine.state}; only a retired one can be removed: formwork machine retire ${machine.name}`,
          );
        }
        await tx.query('DELETE FROM machines WHERE id = $1', [id]);
        emitMachine(tx, 'removed', machine, actor, {});
        await also(tx, machine);
      }),
    async takeDue(siteId, leaseMs, most) {
      const rows = await db.query<MachineColumns>(
        `WITH due AS (
           SELECT id FROM machines WHERE site_id = $1 AND look_at <= clock_timestamp() ORDER BY look_at LIMIT $3
           FOR UPDATE SKIP LOCKED
         )
         UPDATE machines m SET look_at = clock_timestamp() + $2 * interval '1 millisecond' FROM due WHERE m.id = due.id
         RETURNING ${machineColumns('m')}`,
        [siteId, leaseMs, most],
      );
      return rows.map(parseMachine);
    },
    async lookAgain(id, inMs) {
      await db.query(
        `UPDATE machines SET look_at = LEAST(clock_timestamp() + $2 * interval '1 millisecond', GREATEST(deadline, clock_timestamp()))
         WHERE id = $1 AND look_at > clock_timestamp()`,
        [id, inMs],
      );
    },
    enqueueTask: (machine, task, actor) => {
      const id = randomUUID();
      return db.transaction((tx) => enqueueTask(tx, machine, { ...task, id, actor }));
    },
    nextTask: (machineId, session) => db.transaction((tx) => nextTask(tx, machineId, session)),
    taskProgress: (machineId, taskId, progress) => noteProgress(db, machineId, taskId, progress),
    finishTask: (machineId, taskId, result) => db.transaction((tx) => finishTask(tx, machineId, taskId, result)),
    tasks: (machineId) => tasksOf(db, machineId),
  };
}

async function listMachines(db: Pick<Transaction, 'query'>, query: MachineQuery): Promise<readonly Machine[]> {
  const { siteId, states, name, mac, deploymentId, nodeId, key } = query;
  // Ids that are none belong to no machine.
  if ([siteId, deploymentId, nodeId].some((id) => id !== undefined && !isUuid(id))) return [];
  const rows = await db.query<MachineColumns>(
    `SELECT ${machineColumns('m')} FROM machines m
     WHERE m.site_id = $1 AND ($2::text[] IS NULL OR m.state = ANY($2::text[])) AND ($3::text IS NULL OR m.name = $3)
       AND ($4::text IS NULL OR m.marks @> ARRAY[$4::text]) AND ($5::uuid IS NULL OR m.deployment_id = $5::uuid)
       AND ($6::uuid IS NULL OR m.node_id = $6::uuid) AND ($7::text IS NULL OR m.allocation_key = $7)
     ORDER BY m.name, m.id`,
    [
      siteId,
      states ?? null,
      name ?? null,
      mac === undefined ? null : `mac:${mac}`,
      deploymentId ?? null,
      nodeId ?? null,
      key ?? null,
    ],
  );
  return rows.map(parseMachine);
}
