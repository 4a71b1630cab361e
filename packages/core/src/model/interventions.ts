/** Mirrors packages/db/src/engine/interventions.ts; each answers whether it was taken. */
import { holds, workOf } from '../transition.ts';
import { changeRow, freeLocks } from './change-rows.ts';
import { emit, lastRun, liveRun, type Row, type Run, type Store } from './store.ts';

export function setPaused(store: Store, paused: boolean): void {
  store.deployment = { ...store.deployment, paused };
  emit(store, paused ? 'deployment.paused' : 'deployment.resumed');
}

export function cancelRun(store: Store): boolean {
  const run = liveRun(store);
  if (run === null) return false;
  store.runs.set(run.id, { ...run, state: 'cancelled' });
  const rows = [...store.rows.values()].filter((row) => row.runId === run.id);
  for (const row of rows) {
    const claim = store.claims.get(row.id);
    if (claim !== undefined) store.claims.set(row.id, { ...claim, abort: true });
  }
  for (const row of rows) {
    const work = workOf(row.state);
    if ((work?.phase === 'ready' && work.queued) || work?.phase === 'waiting')
      changeRow(store, { rowId: row.id, event: { kind: 'withdrawn' } });
    if (!holds(store.rows.get(row.id)?.state ?? row.state)) freeLocks(store, row.id);
  }
  store.deployment = { ...store.deployment, state: run.purpose === 'destroy' ? 'destroying' : 'failed' };
  emit(store, 'run.cancelled');
  return true;
}

function reopen(store: Store, run: Run): void {
  if (run.state === 'running') return;
  store.runs.set(run.id, { ...run, state: 'running' });
  if (run.purpose === 'apply') store.deployment = { ...store.deployment, state: 'running' };
  emit(store, 'run.reopened');
}

export function retryRow(store: Store, row: Row): boolean {
  const last = lastRun(store);
  if (workOf(row.state)?.phase !== 'failed' || last === null || row.runId !== last.id || row.pending === null)
    return false;
  reopen(store, last);
  const pending = { ...row.pending, forced: true };
  changeRow(store, { rowId: row.id, event: { kind: 'retried' }, set: { tries: 0, pending } });
  return true;
}

export function skipRow(store: Store, row: Row): boolean {
  if (holds(row.state)) return false;
  if (changeRow(store, { rowId: row.id, event: { kind: 'skipped', because: 'test' } }) === null) return false;
  freeLocks(store, row.id);
  const last = lastRun(store);
  if (last?.state === 'failed' && row.runId === last.id) reopen(store, last);
  return true;
}
