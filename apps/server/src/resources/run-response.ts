import { runEnded, type RunResponse } from '@formwork/api';
import { type Graph, type JsonObject, remainingPathMs } from '@formwork/core';
import type { RunRecord, RunStep, RunTimings } from '@formwork/db';

/** Shown at most: the path of a deep graph is long, and its beginning says the most. */
const longestPath = 100;

export function toRunResponse(
  run: RunRecord,
  more: {
    readonly actionsToRun: number;
    readonly timings: RunTimings | null;
    readonly criticalPath: RunResponse['criticalPath'];
    readonly version: number;
    readonly now: Date;
  },
): RunResponse {
  const state = stateOf(run);
  const counts = countsOf(run, more.actionsToRun);
  const endMs = run.endedAt?.getTime() ?? null;
  return {
    id: run.id,
    deployment: run.deployment,
    plan: run.planId,
    purpose: run.purpose,
    state,
    message: messageOf(state, counts, run.summary),
    counts,
    startedAt: run.startedAt.toISOString(),
    endedAt: run.endedAt?.toISOString() ?? null,
    durationMs: endMs === null ? null : Math.max(0, endMs - run.startedAt.getTime()),
    timings: more.timings,
    criticalPath: more.criticalPath,
    version: more.version,
  };
}

function stateOf(run: RunRecord): RunResponse['state'] {
  if (run.state === 'running') return run.paused ? 'paused' : 'running';
  // Cancelled is over when what ran is proved quiet.
  return run.state === 'cancelled' && run.holding > 0 ? 'cancelling' : run.state;
}

/**
 * A run that ended has its counts in its summary, over the whole graph: a later run has taken its node-roles over. What
 * the plan left alone counts as right there, and is no work of the run.
 */
function countsOf(run: RunRecord, actionsToRun: number): RunResponse['counts'] {
  const { summary, byState } = run;
  const number = (name: string): number => {
    const value = summary?.[name];
    return typeof value === 'number' ? value : 0;
  };
  const of = (state: string): number => byState[state] ?? 0;
  const done =
    summary === null
      ? of('active') + of('removed') + of('skipped')
      : number('ok') + number('skipped') - (number('total') - actionsToRun);
  const failed = summary === null ? of('failed') : number('failed');
  return { actionsToRun, done: Math.max(0, Math.min(done, actionsToRun)), failed, byState };
}

function messageOf(state: RunResponse['state'], counts: RunResponse['counts'], summary: JsonObject | null): string {
  const { actionsToRun, done, failed } = counts;
  const progress = `${done} of ${actionsToRun} node-roles done${failed === 0 ? '' : `, ${failed} failed`}`;
  switch (state) {
    case 'running':
      return progress;
    case 'paused':
      return `paused: ${progress}; what runs goes on, nothing new starts`;
    case 'cancelling':
      return 'cancelled: waiting for what ran to be quiet';
    case 'cancelled':
      return `cancelled: ${progress}`;
    case 'superseded':
      return 'another plan was approved and took its place';
    case 'succeeded':
      return `all done: ${progress}`;
    case 'failed': {
      const leaks = summary?.['leaks'];
      if (typeof leaks === 'number' && leaks > 0) return `the sites still own ${leaks} resources; see the leak check`;
      const blocked = summary?.['blocked'];
      return `${progress}${typeof blocked === 'number' && blocked > 0 ? `, ${blocked} blocked by them` : ''}`;
    }
  }
}

/** The way through the graph that took longest, from what attempts took: where time is to be won. */
export function criticalPath(graph: Graph, steps: readonly RunStep[]): RunResponse['criticalPath'] {
  const byKey = new Map(steps.map((step) => [step.key, step]));
  const stepOf = new Map(
    graph.vertices.flatMap((vertex) => {
      const step = vertex.kind === 'gate' ? undefined : byKey.get(vertex.nodeRole);
      return step === undefined ? [] : [[vertex.key, step] as const];
    }),
  );
  const remaining = remainingPathMs(graph, (key) => stepOf.get(key)?.durationMs ?? 0);
  const children = new Map<string, string[]>();
  for (const edge of graph.edges) {
    const known = children.get(edge.from);
    if (known === undefined) children.set(edge.from, [edge.to]);
    else known.push(edge.to);
  }
  const longestOf = (keys: Iterable<string>): string | null => {
    let longest: string | null = null;
    for (const key of keys) {
      if (longest === null || (remaining.get(key) ?? 0) > (remaining.get(longest) ?? 0)) longest = key;
    }
    return longest;
  };
  const path: RunResponse['criticalPath'][number][] = [];
  let key = longestOf(remaining.keys());
  while (key !== null && (remaining.get(key) ?? 0) > 0 && path.length < longestPath) {
    const step = stepOf.get(key);
    if (step !== undefined) {
      path.push({ key, startedAt: step.startedAt.toISOString(), durationMs: step.durationMs });
    }
    key = longestOf(children.get(key) ?? []);
  }
  return path;
}

export const isOver = (run: RunRecord): boolean => runEnded(stateOf(run));
