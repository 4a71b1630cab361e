import type { Database } from '@formwork/db';
import type { Execution } from './sim-ledger.ts';

/** An attempt as the database tells of it. */
export interface AttemptRow {
  readonly key: string;
  readonly nodeRoleId: string;
  readonly nodeId: string | null;
  readonly role: string;
  readonly lane: string;
  readonly number: number;
  readonly state: string;
  readonly startedAtMs: number;
  readonly endedAtMs: number | null;
}

export async function readAttempts(db: Database): Promise<readonly AttemptRow[]> {
  const rows = await db.query<
    Omit<AttemptRow, 'startedAtMs' | 'endedAtMs'> & { started_at: Date; ended_at: Date | null }
  >(
    `SELECT n.key, n.id AS "nodeRoleId", n.node_id AS "nodeId", n.role, n.lane, a.number, a.state, a.started_at, a.ended_at
     FROM attempts a JOIN node_roles n ON n.id = a.node_role_id ORDER BY n.key, n.id, a.number`,
  );
  return rows.map(({ started_at, ended_at, ...row }) => ({
    ...row,
    startedAtMs: started_at.getTime(),
    endedAtMs: ended_at?.getTime() ?? null,
  }));
}

/** What the database alone says: numbers without a gap, and never two attempts of one node-role at once. */
export function brokenAttempts(attempts: readonly AttemptRow[]): readonly string[] {
  const found: string[] = [];
  const former = new Map<string, AttemptRow>();
  for (const attempt of attempts) {
    const before = former.get(attempt.nodeRoleId);
    former.set(attempt.nodeRoleId, attempt);
    if (attempt.number !== (before?.number ?? 0) + 1)
      found.push(`attempt ${attempt.number} of ${attempt.key} follows on ${before?.number ?? 0}`);
    if (before === undefined) continue;
    if (before.endedAtMs === null || before.endedAtMs > attempt.startedAtMs)
      found.push(`attempts ${before.number} and ${attempt.number} of ${attempt.key} at once`);
  }
  return found;
}

/** What the simulated nodes say against what is stored: each attempt started once, when the database says it did. */
export function brokenExecutions(executions: readonly Execution[], attempts: readonly AttemptRow[]): readonly string[] {
  const found: string[] = [];
  const stored = new Map(attempts.map((row) => [nameOf(row.nodeId ?? '', row.role, row.number), row]));
  const spans: Span[] = [];
  for (const run of executions) {
    const row = stored.get(nameOf(run.nodeId, run.role, run.attempt));
    const name = `attempt ${run.attempt} of ${row?.key ?? `${run.role}@${run.nodeId}`}`;
    if (run.starts.length > 1) found.push(`${name} was started ${run.starts.length} times`);
    if (row === undefined) {
      found.push(`${name} ran and is not stored`);
      continue;
    }
    const [fromMs = 0] = run.starts;
    if (fromMs !== row.startedAtMs) found.push(`${name} was started at another moment than is stored`);
    if (row.state === 'done' && !run.outcomes.includes('done')) found.push(`${name} is stored as done and never was`);
    // What somebody had killed ended then.
    const toMs = Math.min(run.endedAtMs, row.state === 'aborted' ? (row.endedAtMs ?? Infinity) : Infinity);
    spans.push({ lane: `${run.nodeId} ${row.lane}`, name, fromMs, toMs });
  }
  const ran = new Set(executions.map((run) => nameOf(run.nodeId, run.role, run.attempt)));
  const roles = new Set(executions.map((run) => run.role));
  for (const row of attempts) {
    if (row.state === 'done' && roles.has(row.role) && !ran.has(nameOf(row.nodeId ?? '', row.role, row.number)))
      found.push(`attempt ${row.number} of ${row.key} is stored as done and never ran`);
  }
  return [...found, ...atOnce(spans)];
}

interface Span {
  readonly lane: string;
  readonly name: string;
  readonly fromMs: number;
  readonly toMs: number;
}

/** On one lane of one node nothing runs beside something else: neither another attempt nor another role. */
function atOnce(spans: readonly Span[]): readonly string[] {
  const found: string[] = [];
  const last = new Map<string, Span>();
  for (const span of spans.toSorted((a, b) => a.fromMs - b.fromMs)) {
    const before = last.get(span.lane);
    if (before !== undefined && span.fromMs < before.toMs) found.push(`${before.name} and ${span.name} ran at once`);
    if (before === undefined || before.toMs < span.toMs) last.set(span.lane, span);
  }
  return found;
}

const nameOf = (nodeId: string, role: string, number: number): string => JSON.stringify([nodeId, role, number]);
