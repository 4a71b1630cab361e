import type { Machine, MachineTask, MachineTaskResult, NewMachineTask } from '@formwork/core';
import type { Database } from '../database.ts';
import type { Transaction } from '../transaction.ts';
import { emitMachine, lockMachine } from './write-machine.ts';

interface TaskColumns {
  readonly id: string;
  readonly machine_id: string;
  readonly kind: MachineTask['kind'];
  readonly body: MachineTask['body'];
  readonly purpose: string;
  readonly state: MachineTask['state'];
  readonly session: string | null;
  readonly progress: MachineTask['progress'];
  readonly result: MachineTaskResult | null;
  readonly not_after: Date;
  readonly created_at: Date;
}

const columns = 'id, machine_id, kind, body, purpose, state, session, progress, result, not_after, created_at';

const parse = (row: TaskColumns): MachineTask => ({
  id: row.id,
  machineId: row.machine_id,
  kind: row.kind,
  body: row.body,
  purpose: row.purpose,
  state: row.state,
  session: row.session,
  progress: row.progress,
  result: row.result,
  notAfterMs: row.not_after.getTime(),
  createdAtMs: row.created_at.getTime(),
});

export async function enqueueTask(
  tx: Transaction,
  seen: Pick<Machine, 'id' | 'sinceMs'>,
  task: NewMachineTask & { readonly id: string; readonly actor: string },
): Promise<MachineTask | null> {
  const machineId = seen.id;
  const machine = await lockMachine(tx, machineId);
  if (machine.sinceMs !== seen.sinceMs) return null;
  const epoch = new Date(machine.sinceMs).toISOString();
  const made = await tx.query<TaskColumns>(
    `INSERT INTO machine_tasks (id, machine_id, kind, body, purpose, epoch, not_after, created_at)
     VALUES ($1, $2, $3, $4, $5, $6, $7, clock_timestamp())
     ON CONFLICT (machine_id, kind, purpose, epoch) DO NOTHING RETURNING ${columns}`,
    [
      task.id,
      machineId,
      task.kind,
      JSON.stringify(task.body),
      task.purpose,
      epoch,
      new Date(task.notAfterMs).toISOString(),
    ],
  );
  if (made[0] !== undefined) {
    const { id, kind, purpose, actor } = task;
    emitMachine(tx, 'task-asked', machine, actor, { task: { id, kind, purpose } });
    return parse(made[0]);
  }
  const [known] = await tx.query<TaskColumns>(
    `SELECT ${columns} FROM machine_tasks WHERE machine_id = $1 AND kind = $2 AND purpose = $3 AND epoch = $4`,
    [machineId, task.kind, task.purpose, epoch],
  );
  return known === undefined ? null : parse(known);
}

/** Done once somebody else asks: the session that had them ended by them. */
const ending = ['reboot', 'kexec', 'power-off'];

export async function nextTask(tx: Transaction, machineId: string, session: string): Promise<MachineTask | null> {
  await tx.query(
    `UPDATE machine_tasks SET state = 'cancelled', ended_at = clock_timestamp()
     WHERE machine_id = $1 AND state IN ('queued', 'given') AND not_after <= clock_timestamp()`,
    [machineId],
  );
  await tx.query(
    `UPDATE machine_tasks SET state = 'done', ended_at = clock_timestamp(),
       result = '{"ok": true, "code": "session-ended", "message": "the machine came back", "outputs": {}}'
     WHERE machine_id = $1 AND state = 'given' AND session <> $2 AND kind = ANY($3::text[])`,
    [machineId, session, ending],
  );
  const [row] = await tx.query<TaskColumns>(
    `UPDATE machine_tasks SET state = 'given', session = $2 WHERE id = (
       SELECT id FROM machine_tasks WHERE machine_id = $1 AND state IN ('queued', 'given')
       ORDER BY created_at, id LIMIT 1 FOR UPDATE)
     RETURNING ${columns}`,
    [machineId, session],
  );
  return row === undefined ? null : parse(row);
}

export async function noteProgress(
  db: Pick<Database, 'query'>,
  machineId: string,
  taskId: string,
  progress: { readonly percent: number; readonly message: string },
): Promise<boolean> {
  const rows = await db.query(
    `UPDATE machine_tasks SET progress = jsonb_build_object('percent', $3::int, 'message', $4::text,
       'atMs', floor(extract(epoch FROM clock_timestamp()) * 1000))
     WHERE machine_id = $1 AND id::text = $2 AND state = 'given' RETURNING id`,
    [machineId, taskId, Math.max(0, Math.min(100, Math.round(progress.percent))), progress.message.slice(0, 500)],
  );
  return rows.length > 0;
}

export async function finishTask(
  tx: Transaction,
  machineId: string,
  taskId: string,
  result: MachineTaskResult,
): Promise<MachineTask | null> {
  const machine = await lockMachine(tx, machineId);
  const [row] = await tx.query<TaskColumns>(
    `UPDATE machine_tasks SET state = $3, result = $4, ended_at = clock_timestamp()
     WHERE machine_id = $1 AND id::text = $2 AND state IN ('queued', 'given') RETURNING ${columns}`,
    [machineId, taskId, result.ok ? 'done' : 'failed', JSON.stringify(result)],
  );
  if (row === undefined) {
    const [over] = await tx.query<TaskColumns>(
      `SELECT ${columns} FROM machine_tasks WHERE machine_id = $1 AND id::text = $2`,
      [machineId, taskId],
    );
    return over === undefined ? null : parse(over);
  }
  // Its keeper goes on at once.
  await tx.query('UPDATE machines SET look_at = LEAST(look_at, clock_timestamp()) WHERE id = $1', [machineId]);
  const { ok, code, message } = result;
  emitMachine(tx, ok ? 'task-done' : 'task-failed', machine, `machine:${machine.name}`, {
    task: { id: taskId, kind: row.kind, purpose: row.purpose, code, message: message.slice(0, 1_000) },
  });
  return parse(row);
}

export async function tasksOf(db: Pick<Database, 'query'>, machineId: string): Promise<readonly MachineTask[]> {
  const rows = await db.query<TaskColumns>(
    `SELECT ${columns} FROM machine_tasks WHERE machine_id = $1 ORDER BY created_at, id`,
    [machineId],
  );
  return rows.map(parse);
}
