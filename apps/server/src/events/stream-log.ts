import { type NodeRoleState, workOf } from '@formwork/core';
import type { EventFeed, NodeRoleRecord } from '@formwork/db';
import type { ServerDeps } from '../deps.ts';
import { type StreamCall, streamParams, streamQuery } from '../http/stream-handler.ts';
import { findDeployment } from '../resources/find-deployment.ts';
import { maxLogBytes, readLogPiece } from '../resources/read-log.ts';
import { type SseConnection, sseText } from './sse-connection.ts';

/** A notification that was lost is made up for after this long. */
const lookAgainMs = 2_000;

/**
 * Follows the log of a node-role over its attempts: `log` events with ids `<attempt>:<nextOffset>`, and `end` when it
 * has come to rest.
 */
export async function streamLog(
  deps: ServerDeps & { readonly feed: EventFeed },
  call: StreamCall,
  connection: SseConnection,
): Promise<void> {
  const params = streamParams('streamLog', call);
  const query = streamQuery('streamLog', call);
  const { inventory } = deps;
  const bell = createBell(connection.closed);
  let attemptId = '';
  let nodeRoleId = '';
  const stops = [
    deps.feed.onLog((id) => {
      if (id === attemptId) bell.ring();
    }),
    deps.feed.subscribe((events) => {
      if (events.some((event) => event.nodeRoleId === nodeRoleId || event.kind.startsWith('run.'))) bell.ring();
    }),
  ];
  try {
    const deployment = await findDeployment(deps, params.name);
    const first = await inventory.nodeRoles.find(deployment.id, params.nodeRole);
    if (first === null) return;
    nodeRoleId = first.id;
    let { attempt: number, offset } = startOf(call.lastEventId, query);
    const only = query.attempt !== undefined;
    while (!connection.closed.aborted) {
      // The state first: what is written before it comes to rest is read after.
      const row = await inventory.nodeRoles.find(deployment.id, nodeRoleId);
      if (row === null) return;
      const resting = await isResting(deps, row);
      const attempt = await inventory.attempts.find(row.id, number);
      if (attempt === null) {
        if (resting) {
          connection.send(sseText('end', null, { attempt: row.attempt, state: row.state.state }));
          return;
        }
        await bell.wait(lookAgainMs);
        continue;
      }
      number = attempt.number;
      attemptId = attempt.id;
      const piece = await readLogPiece(deps, attempt, offset, maxLogBytes);
      if (piece.text !== '') {
        const { text, nextOffset } = piece;
        const id = `${number}:${nextOffset}`;
        connection.send(sseText('log', id, { attempt: number, offset: piece.offset, nextOffset, text }));
        await connection.drained();
        offset = nextOffset;
        continue;
      }
      if (attempt.endedAt !== null && !only) {
        const next = await inventory.attempts.next(row.id, number);
        if (next !== null) {
          number = next.number;
          offset = 0;
          continue;
        }
      }
      if (resting || (only && attempt.endedAt !== null)) {
        connection.send(sseText('end', null, { attempt: number, state: row.state.state }));
        return;
      }
      await bell.wait(lookAgainMs);
    }
  } finally {
    for (const stop of stops) stop();
    connection.end();
  }
}

function startOf(
  lastEventId: string | null,
  query: { readonly attempt?: number | undefined; readonly offset?: number | undefined },
): { attempt: number | null; offset: number } {
  const [, attempt, offset] = /^(\d{1,9}):(\d{1,12})$/.exec(lastEventId ?? '') ?? [];
  if (attempt !== undefined && offset !== undefined) return { attempt: Number(attempt), offset: Number(offset) };
  return { attempt: query.attempt ?? null, offset: query.offset ?? 0 };
}

/** Nothing more comes by itself: it is done, gone or failed for good, or no run works on it. */
async function isResting(deps: Pick<ServerDeps, 'inventory'>, row: NodeRoleRecord): Promise<boolean> {
  if (isDone(row.state)) return true;
  if (row.runId === null || row.pending === null) return true;
  const run = await deps.inventory.runs.find(row.runId);
  if (run?.state === 'running') return false;
  const work = workOf(row.state);
  return work?.phase !== 'running' && work?.phase !== 'waiting';
}

function isDone(state: NodeRoleState): boolean {
  if (state.state === 'active' || state.state === 'skipped' || state.state === 'removed') return true;
  const work = workOf(state);
  return work?.phase === 'failed' && work.retryAtMs === null;
}

function createBell(closed: AbortSignal) {
  let rung = false;
  let wake: () => void = () => undefined;
  const ring = (): void => {
    rung = true;
    wake();
  };
  closed.addEventListener('abort', ring);
  return {
    ring,
    async wait(atMostMs: number): Promise<void> {
      await new Promise<void>((resolve) => {
        if (rung) {
          resolve();
          return;
        }
        const timer = setTimeout(resolve, atMostMs);
        wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
      rung = false;
    },
  };
}
