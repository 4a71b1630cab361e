import { type Binding, hashInputs, holds, workOf } from '@formwork/core';
import type { FullNodeRoleRow, NodeRoleChange, Pending } from '@formwork/db';
import { takeDirty } from './run-progress.ts';
import type { RunView } from './run-view.ts';
import { gatherInputs } from './sources.ts';

const actor = 'scheduler';

/** A change that the graph's progress asks for, with the key of its row. */
export type Judged = NodeRoleChange & { readonly key: string };

/**
 * What the graph's progress asks of the rows that changed or may go on since the last look: blocked ones whose parents
 * are through are released, or found unchanged; what a former run left behind is judged by the new plan; what is to go
 * starts to leave; retries come due.
 */
export function judge(view: RunView, nowMs: number): readonly Judged[] {
  return takeDirty(view.progress, nowMs).flatMap((key) => {
    const row = view.rows.get(key);
    if (row === undefined || row.runId !== view.run.id) return [];
    const vertex = view.verticesOf.get(key);
    const verdict = vertex === undefined ? dropUnwanted(row) : judgeRow(view, vertex.key, row, nowMs);
    return verdict === null ? [] : [{ ...verdict, key, nodeRoleId: row.id, guard: { version: row.version }, actor }];
  });
}

/** It was at work when the plan that does not know it was approved; now it rests, and goes. */
function dropUnwanted(row: FullNodeRoleRow): Verdict | null {
  if (row.pending !== null || row.state.state === 'removed' || holds(row.state)) return null;
  return { event: { kind: 'dropped' }, set: { runId: null, pending: null } };
}

type Verdict = Pick<NodeRoleChange, 'event' | 'set' | 'data'>;

function judgeRow(view: RunView, vertexKey: string, row: FullNodeRoleRow, nowMs: number): Verdict | null {
  const { state, pending } = row;
  if (pending === null) return null;
  if (pending.purpose !== 'apply' && state.state !== 'removing' && state.state !== 'removed') {
    // It was at work when its removal was approved; now it rests.
    return restsNow(row) ? { event: { kind: 'leaving' } } : null;
  }
  const work = workOf(state);
  if (pending.purpose === 'apply' && state.state === 'removing') {
    // Wanted again before it was gone: what its removal left undone or half done is applied anew.
    const set = { pending: { ...pending, carriedAttempt: null }, tries: 0, ...wantedDigest(view, row) };
    return restsNow(row) ? { event: { kind: 'kept' }, set } : null;
  }
  if (pending.carriedAttempt === row.attempt) {
    const verdict = judgeCarried(view, row, { ...pending, carriedAttempt: null });
    if (verdict !== null) return verdict;
  }
  if (work?.phase === 'failed' && work.retryAtMs !== null && work.retryAtMs <= nowMs)
    return { event: { kind: 'retried' } };
  if (work?.phase !== 'blocked' || !view.schedule.isEligible(vertexKey)) return null;
  if (pending.purpose !== 'apply') return { event: { kind: 'released' } };
  return isUnchanged(view, row)
    ? { event: { kind: 'unchanged' }, set: { pending: { ...pending, carriedAttempt: null } } }
    : { event: { kind: 'released' } };
}

const restsNow = (row: FullNodeRoleRow): boolean => {
  const work = workOf(row.state);
  return (
    work === null || work.phase === 'blocked' || work.phase === 'failed' || (work.phase === 'ready' && !work.queued)
  );
};

/**
 * An attempt that began under the former plan has ended. It counts if it did just what the new plan wants; whatever
 * else it came to, the new plan's scripts and inputs have their turn. Null while it is under way.
 */
function judgeCarried(view: RunView, row: FullNodeRoleRow, pending: Pending): Verdict | null {
  const set = { pending, tries: 0, ...wantedDigest(view, row) };
  const because = 'the plan changed while it ran';
  if (row.state.state === 'active') {
    const counts = isUnchanged(view, { ...row, pending: { ...pending, forced: false } });
    return counts ? { event: null, set: { pending } } : { event: { kind: 'staled' }, set, data: { because } };
  }
  const phase = workOf(row.state)?.phase;
  if (phase === 'failed') return { event: { kind: 'retried' }, set, data: { because } };
  return phase === 'blocked' ? { event: null, set } : null;
}

function wantedDigest(view: RunView, row: FullNodeRoleRow): { readonly roleDigest?: string } {
  const wanted = bindingOf(view, row);
  return wanted === null ? {} : { roleDigest: wanted.role.digest };
}

/** Hash equal and clean: what stands on the machine is what is wanted now. */
function isUnchanged(view: RunView, row: FullNodeRoleRow): boolean {
  if (row.pending?.forced === true || row.applied === null || !row.applied.clean) return false;
  const binding = bindingOf(view, row);
  if (binding === null) return false;
  const { inputs, missing } = gatherInputs(gatherDeps(view, row), binding);
  return missing.length === 0 && hashInputs(binding.role.digest, inputs) === row.applied.inputHash;
}

const bindingOf = (view: RunView, row: Pick<FullNodeRoleRow, 'key'>): Binding | null =>
  view.bindings()?.byKey.get(row.key) ?? null;

function gatherDeps(view: RunView, row: FullNodeRoleRow): Parameters<typeof gatherInputs>[0] {
  const bindings = view.bindings();
  if (bindings === null) throw new Error('a destroy run has no inputs to gather');
  const node = row.nodeId === null ? null : view.nodes.get(row.nodeId);
  return {
    bindings,
    row: (key) => view.rows.get(key) ?? null,
    facts: () => node?.facts ?? {},
    taskParams: view.run.params,
  };
}
