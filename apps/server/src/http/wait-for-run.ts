import { durationMs, runEnded, type RunResponse } from '@formwork/api';
import type { EventFeed } from '@formwork/db';
import { waitForEvent } from '../events/wait-for-event.ts';

/** The server's own limit of a wait. */
const longestMs = 600_000;

/** Holds until a run has ended, as `?wait=` asks; gives the run as it is then. */
export async function waitForRun(
  deps: { readonly feed: Pick<EventFeed, 'subscribe'>; readonly readRun: (id: string) => Promise<RunResponse> },
  runId: string,
  wait: string | undefined,
  signal: AbortSignal,
): Promise<RunResponse> {
  const waitMs = wait === undefined ? 0 : (durationMs(wait) ?? 0);
  if (waitMs === 0) return deps.readRun(runId);
  const ended = await waitForEvent(deps.feed, {
    concerns: (event) =>
      event.runId === runId && (event.kind.startsWith('run.') || event.kind === 'node-role.withdrawn'),
    look: async () => {
      const run = await deps.readRun(runId);
      return runEnded(run.state) ? run : null;
    },
    timeoutMs: Math.min(waitMs, longestMs),
    signal,
  });
  return ended ?? deps.readRun(runId);
}
