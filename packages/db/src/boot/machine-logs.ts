import type { Database } from '../database.ts';

export interface MachineLogRow {
  readonly id: number;
  readonly atMs: number;
  readonly text: string;
}

/** Pieces of a machine that are kept. */
const mostPieces = 200;

/** Adds a piece of what an agent or an installed system wrote; the oldest go. */
export async function appendMachineLog(
  db: Pick<Database, 'query'>,
  piece: { readonly machineId: string; readonly sessionId: string; readonly text: string },
): Promise<void> {
  await db.query('INSERT INTO machine_logs (machine_id, session_id, text) VALUES ($1, $2, $3)', [
    piece.machineId,
    piece.sessionId,
    piece.text,
  ]);
  await db.query(
    `DELETE FROM machine_logs WHERE machine_id = $1 AND id <= (
       SELECT id FROM machine_logs WHERE machine_id = $1 ORDER BY id DESC OFFSET $2 LIMIT 1)`,
    [piece.machineId, mostPieces],
  );
}

/** The newest pieces, oldest first. */
export async function readMachineLog(
  db: Pick<Database, 'query'>,
  machineId: string,
): Promise<readonly MachineLogRow[]> {
  const rows = await db.query<{ id: string; at: Date; text: string }>(
    'SELECT id, at, text FROM machine_logs WHERE machine_id = $1 ORDER BY id',
    [machineId],
  );
  return rows.map(({ id, at, text }) => ({ id: Number(id), atMs: at.getTime(), text }));
}
