import type { Database } from '../database.ts';

/** Longest chunk, bytes; longer text is cut into several by the caller. */
export const maxChunkBytes = 65_536;

export interface LogChunkRow {
  readonly attemptId: string;
  /** Byte offset in the attempt's log as the node wrote it. */
  readonly offset: number;
  /** Offset after it; redaction may have changed the length of the text. */
  readonly end: number;
  readonly text: string;
}

/** What is kept of a long log: its beginning, and its end; bytes. */
const keptHeadBytes = 256 * 1_024;
const keptTailBytes = 768 * 1_024;

export const logChannel = 'formwork_logs';

/** Appends redacted text; a chunk that is there already (a re-attach sent it again) is left as it is. */
export async function appendLog(db: Pick<Database, 'query'>, chunks: readonly LogChunkRow[]): Promise<void> {
  if (chunks.length === 0) return;
  await db.query(
    `WITH written AS (
       INSERT INTO log_chunks (attempt_id, "offset", "end", text)
       SELECT c.attempt_id, c."offset", c."end", c.text
       FROM jsonb_to_recordset($1::jsonb) AS c(attempt_id uuid, "offset" int, "end" int, text text)
       ON CONFLICT DO NOTHING RETURNING attempt_id
     )
     SELECT pg_notify('${logChannel}', attempt_id::text) FROM (SELECT DISTINCT attempt_id FROM written) AS w`,
    [
      JSON.stringify(
        chunks.map((chunk) => ({
          attempt_id: chunk.attemptId,
          offset: chunk.offset,
          end: chunk.end,
          text: chunk.text.replaceAll('\u0000', ''),
        })),
      ),
    ],
  );
  const long = chunks.filter((chunk) => chunk.end > keptHeadBytes + keptTailBytes);
  if (long.length > 0) await cutMiddles(db, [...new Set(long.map((chunk) => chunk.attemptId))]);
}

/** Whole chunks between head and tail go; what reads on finds a gap in the offsets. */
async function cutMiddles(db: Pick<Database, 'query'>, attemptIds: readonly string[]): Promise<void> {
  await db.query(
    `DELETE FROM log_chunks c USING (
       SELECT attempt_id, max("end") AS "end" FROM log_chunks WHERE attempt_id = ANY($1::uuid[]) GROUP BY attempt_id
     ) AS whole
     WHERE c.attempt_id = whole.attempt_id AND c."offset" >= $2 AND c."end" <= whole."end" - $3`,
    [attemptIds, keptHeadBytes, keptTailBytes],
  );
}

export async function readLog(
  db: Pick<Database, 'query'>,
  attemptId: string,
  fromOffset: number,
  limit: number,
): Promise<readonly LogChunkRow[]> {
  return db.query<LogChunkRow>(
    `SELECT attempt_id AS "attemptId", "offset", "end", text FROM log_chunks WHERE attempt_id = $1 AND "offset" >= $2 ORDER BY "offset" LIMIT $3`,
    [attemptId, fromOffset, limit],
  );
}

/** Where the stored log of an attempt ends, for a worker that re-attaches. */
export async function logEnd(db: Pick<Database, 'query'>, attemptId: string): Promise<number> {
  const [row] = await db.query<{ end: number | null }>(
    `SELECT max("end") AS "end" FROM log_chunks WHERE attempt_id = $1`,
    [attemptId],
  );
  return row?.end ?? 0;
}

/** Successful attempts keep their log for the last three of their node-role, all others for 90 days, as events. */
export async function pruneLogs(db: Pick<Database, 'query'>): Promise<void> {
  await db.query(
    `DELETE FROM log_chunks WHERE attempt_id IN (
       SELECT id FROM (
         SELECT id, state, row_number() OVER (PARTITION BY node_role_id ORDER BY number DESC) AS place FROM attempts
       ) AS ranked WHERE state = 'done' AND place > 3
     )`,
  );
  await db.query(
    `DELETE FROM log_chunks WHERE attempt_id IN (
       SELECT id FROM attempts WHERE ended_at < clock_timestamp() - interval '90 days'
     )`,
  );
}
