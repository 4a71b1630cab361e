import type { AnswerBody, NodeRoleResponse } from '@formwork/api';
import { type Reason, workOf } from '@formwork/core';
import type { AttemptRecord, NodeRoleRecord } from '@formwork/db';
import { sayReason } from '@formwork/workflows';

type AttemptTimes = Pick<AttemptRecord, 'startedAt' | 'endedAt'>;

export function toNodeRoleResponse(
  row: NodeRoleRecord,
  deployment: string,
  explained: readonly Reason[],
  attempt: AttemptTimes | null,
): NodeRoleResponse {
  const reasons = waits(row) ? explained : [];
  return {
    id: row.id,
    key: row.key,
    deployment,
    role: row.role,
    as: row.as,
    node: row.node,
    group: row.group,
    stage: row.stage,
    state: row.state,
    action: row.pending?.action ?? null,
    attempt: row.attempt,
    reasons,
    sentence: sentenceOf(row, reasons),
    ...timesOf(attempt),
    version: row.version,
  };
}

/** Reasons are computed for a moment, which may be just before the row was read: what does not wait has none. */
export function waits(row: Pick<NodeRoleRecord, 'state'>): boolean {
  const work = workOf(row.state);
  return work !== null && work.phase !== 'running' && !(work.phase === 'ready' && work.queued);
}

/** Why it is not running; what failed says how. */
export function sentenceOf(row: Pick<NodeRoleRecord, 'state'>, reasons: readonly Reason[]): string {
  const work = workOf(row.state);
  const skipped = row.state.state === 'skipped' ? [`skipped: ${row.state.because}`] : [];
  const said = [...skipped, ...reasons.map(sayReason)].join('; ');
  // The reason to wait for another try is the failure itself, which is said once.
  if (work?.phase !== 'failed' || said.includes(work.error.message)) return said;
  return said === '' ? work.error.message : `${work.error.message}; ${said}`;
}

export const toAttemptResponse = (
  attempt: AttemptRecord,
  logBytes: number,
): AnswerBody<'listAttempts'>['items'][number] => ({
  id: attempt.id,
  attempt: attempt.number,
  run: attempt.runId,
  action: attempt.action,
  state:
    attempt.state === 'done'
      ? 'succeeded'
      : attempt.state === 'failed' && attempt.error?.kind === 'lost'
        ? 'lost'
        : attempt.state,
  worker: attempt.worker,
  exitCode: null,
  error: attempt.error,
  logBytes,
  ...timesOf(attempt),
});

function timesOf(attempt: AttemptTimes | null) {
  if (attempt === null) return { startedAt: null, endedAt: null, durationMs: null };
  const { startedAt, endedAt } = attempt;
  return {
    startedAt: startedAt.toISOString(),
    endedAt: endedAt?.toISOString() ?? null,
    durationMs: endedAt === null ? null : Math.max(0, endedAt.getTime() - startedAt.getTime()),
  };
}
