/** Mirrors packages/workflows/src/engine/judge.ts and run-end.ts. */
import { hashInputs } from '../inputs.ts';
import { holds, workOf } from '../transition.ts';
import type { Change } from './change-rows.ts';
import { gatherInputs } from './planning.ts';
import type { Rules } from './rules.ts';
import { isOpen, type RunView } from './run-view.ts';
import type { Row } from './store.ts';

export function judge(rules: Rules, view: RunView, nowMs: number): readonly Change[] {
  const changes: Change[] = [];
  for (const vertex of view.vertices.values()) {
    const row = view.rows.get(vertex.nodeRole);
    if (row === undefined || row.runId !== view.run.id || row.pending === null) continue;
    const verdict = judgeRow(rules, view, vertex.key, row, nowMs);
    if (verdict !== null) changes.push({ ...verdict, rowId: row.id, guard: { version: row.version } });
  }
  for (const row of view.rows.values()) {
    const unwanted = row.runId === view.run.id && row.pending === null && !view.verticesOf.has(row.key);
    if (!unwanted || row.state.state === 'removed' || holds(row.state)) continue;
    const set = { runId: null, pending: null };
    changes.push({ rowId: row.id, event: { kind: 'dropped' }, set, guard: { version: row.version } });
  }
  return changes;
}

type Verdict = Pick<Change, 'event' | 'set'>;

function judgeRow(rules: Rules, view: RunView, vertexKey: string, row: Row, nowMs: number): Verdict | null {
  const { state, pending } = row;
  if (pending === null) return null;
  if (pending.purpose !== 'apply' && state.state !== 'removing' && state.state !== 'removed')
    return restsNow(row) ? { event: { kind: 'leaving' } } : null;
  const work = workOf(state);
  if (pending.purpose === 'apply' && state.state === 'removing') {
    const set = { pending: { ...pending, carriedAttempt: null }, tries: 0, ...wantedDigest(view, row) };
    return restsNow(row) ? { event: { kind: 'kept' }, set } : null;
  }
  if (rules.carriedIsJudged && pending.carriedAttempt === row.attempt) {
    const verdict = judgeCarried(rules, view, row);
    if (verdict !== null) return verdict;
  }
  if (work?.phase === 'failed' && work.retryAtMs !== null && work.retryAtMs <= nowMs)
    return { event: { kind: 'retried' } };
  if (work?.phase !== 'blocked' || !isOpen(rules, view, vertexKey)) return null;
  if (pending.purpose !== 'apply') return { event: { kind: 'released' } };
  return isUnchanged(rules, view, row)
    ? { event: { kind: 'unchanged' }, set: { pending: { ...pending, carriedAttempt: null } } }
    : { event: { kind: 'released' } };
}

function restsNow(row: Row): boolean {
  const work = workOf(row.state);
  return (
    work === null || work.phase === 'blocked' || work.phase === 'failed' || (work.phase === 'ready' && !work.queued)
  );
}

/** An attempt that began under the former plan has ended: it counts if it did just what the new plan wants. */
function judgeCarried(rules: Rules, view: RunView, row: Row): Verdict | null {
  const pending = row.pending === null ? null : { ...row.pending, carriedAttempt: null };
  const set = { pending, tries: 0, ...wantedDigest(view, row) };
  if (row.state.state === 'active') {
    const counts = isUnchanged(rules, view, {
      ...row,
      pending: pending === null ? null : { ...pending, forced: false },
    });
    return counts ? { event: null, set: { pending } } : { event: { kind: 'staled' }, set };
  }
  const phase = workOf(row.state)?.phase;
  if (phase === 'failed') return { event: { kind: 'retried' }, set };
  return phase === 'blocked' ? { event: null, set } : null;
}

function wantedDigest(view: RunView, row: Row): { readonly roleDigest?: string } {
  const wanted = view.bindings?.byKey.get(row.key);
  return wanted === undefined ? {} : { roleDigest: wanted.role.digest };
}

function isUnchanged(rules: Rules, view: RunView, row: Row): boolean {
  if (row.pending?.forced === true || row.applied === null) return false;
  if (rules.unchangedNeedsClean && !row.applied.clean) return false;
  const binding = view.bindings?.byKey.get(row.key);
  if (view.bindings === null || binding === undefined) return false;
  const names = new Map([...view.nodes.values()].map((node) => [node.name, node]));
  const { inputs, missing } = gatherInputs(view.bindings, binding, {
    row: (key) => view.rows.get(key) ?? null,
    facts: (name) => names.get(name)?.facts ?? {},
  });
  return missing.length === 0 && hashInputs(binding.role.digest, inputs) === row.applied.inputHash;
}

/** Whether a run can still go anywhere by itself; null: it can. */
export function standstill(view: RunView, refusedForGood: ReadonlySet<string>): 'succeeded' | 'failed' | null {
  const counts = view.schedule.counts();
  if (counts.pending === 0 && counts.failed === 0 && counts.dead === 0) return 'succeeded';
  for (const vertex of view.vertices.values()) {
    if (view.schedule.standing(vertex.key) !== 'pending' || view.schedule.isDead(vertex.key)) continue;
    const row = view.rows.get(vertex.nodeRole);
    if (row === undefined) continue;
    const work = workOf(row.state);
    if (work === null) return null;
    const standsStill = work.phase === 'ready' && !work.queued && refusedForGood.has(row.id);
    const waits = work.phase === 'blocked' && !view.schedule.isEligible(vertex.key);
    if (!standsStill && !waits) return null;
  }
  return 'failed';
}
