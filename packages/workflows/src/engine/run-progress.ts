import { holds, workOf } from '@formwork/core';
import type { FullNodeRoleRow } from '@formwork/db';

/**
 * What of a run wants a look, kept up with every row that changes: a pass costs what has changed since the last one, not
 * the size of the run. All by the node-role's key.
 */
export interface RunProgress {
  /** To be judged: their row changed, or a parent's end let them go on. */
  readonly dirty: Set<string>;
  /** Ready and not on the queue. */
  readonly startable: Set<string>;
  /** Queued, running or waiting. */
  readonly holding: Set<string>;
  /** Failed and to be tried again: when, by the server's clock, milliseconds. */
  readonly retryAtMs: Map<string, number>;
  /** Failed after they had been applied: they keep their slot of the role's limit, and may stop a rollout. */
  readonly failedAgain: Set<string>;
  /** How many living instances each role has. */
  readonly instances: Map<string, number>;
}

export function createProgress(rows: Iterable<FullNodeRoleRow>): RunProgress {
  const progress: RunProgress = {
    dirty: new Set(),
    startable: new Set(),
    holding: new Set(),
    retryAtMs: new Map(),
    failedAgain: new Set(),
    instances: new Map(),
  };
  for (const row of rows) trackRow(progress, null, row);
  return progress;
}

/** Takes a row's newer state in; `former` is null when it was not known. */
export function trackRow(progress: RunProgress, former: FullNodeRoleRow | null, row: FullNodeRoleRow): void {
  const { key } = row;
  const work = workOf(row.state);
  progress.dirty.add(key);
  put(progress.startable, key, work?.phase === 'ready' && !work.queued);
  put(progress.holding, key, holds(row.state));
  put(progress.failedAgain, key, work?.phase === 'failed' && row.applied !== null);
  if (work?.phase === 'failed' && work.retryAtMs !== null) progress.retryAtMs.set(key, work.retryAtMs);
  else progress.retryAtMs.delete(key);
  count(progress.instances, former, -1);
  count(progress.instances, row, 1);
}

const put = (keys: Set<string>, key: string, there: boolean): void => {
  if (there) keys.add(key);
  else keys.delete(key);
};

function count(instances: Map<string, number>, row: FullNodeRoleRow | null, by: 1 | -1): void {
  if (row === null || row.state.state === 'removed') return;
  instances.set(row.role, (instances.get(row.role) ?? 0) + by);
}

/** What is to be judged now, retries that have come due included; nothing is dirty after it. */
export function takeDirty(progress: RunProgress, nowMs: number): readonly string[] {
  for (const [key, atMs] of progress.retryAtMs) if (atMs <= nowMs) progress.dirty.add(key);
  const keys = [...progress.dirty];
  progress.dirty.clear();
  return keys;
}
