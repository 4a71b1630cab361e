import type { EventRow } from '@formwork/db';

interface Held {
  readonly worker: string;
  readonly attempt: unknown;
  readonly claims: number;
  /** Whether a result came since the last claim. */
  readonly answered: boolean;
}

const results = new Set(['node-role.done', 'node-role.failed', 'node-role.pended']);

/**
 * What the events say of claims and results: a result is of the worker that claimed last, once a claim; a new attempt
 * has the next number, a worker that attaches keeps it; the stored fence is the number of claims.
 */
export function brokenFences(
  events: readonly EventRow[],
  fences: ReadonlyMap<string, { readonly key: string; readonly fence: number }>,
): readonly string[] {
  const found: string[] = [];
  const held = new Map<string, Held>();
  for (const { id, kind, actor, nodeRoleId, data } of events) {
    if (nodeRoleId === null) continue;
    const before = held.get(nodeRoleId);
    const key = typeof data['key'] === 'string' ? data['key'] : nodeRoleId;
    if (kind === 'node-role.claimed') {
      const { attempt, attached } = data;
      const wanted = Number(before?.attempt ?? 0) + (attached === true ? 0 : 1);
      if (attempt !== wanted)
        found.push(`event ${id} claims attempt ${JSON.stringify(attempt)} of ${key}, which should be ${wanted}`);
      held.set(nodeRoleId, {
        worker: typeof data['worker'] === 'string' ? data['worker'] : '',
        attempt,
        claims: (before?.claims ?? 0) + 1,
        answered: false,
      });
    }
    if (!results.has(kind) || !actor.startsWith('worker:')) continue;
    if (before === undefined) found.push(`event ${id} tells a result of ${key}, which nobody had claimed`);
    else {
      if (actor !== `worker:${before.worker}`)
        found.push(`event ${id} is a stale result of ${key} by ${actor}: ${before.worker} had claimed it`);
      else if (before.answered) found.push(`event ${id} is a second result of one claim of ${key}`);
      held.set(nodeRoleId, { ...before, answered: true });
    }
  }
  for (const [nodeRoleId, { key, fence }] of fences) {
    const claims = held.get(nodeRoleId)?.claims ?? 0;
    if (claims !== fence) found.push(`the fence of ${key} is ${fence}, it was claimed ${claims} times`);
  }
  return found;
}
