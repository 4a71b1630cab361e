import type { RunResponse } from '@formwork/api';
import type { Graph } from '@formwork/core';
import type { RunRecord } from '@formwork/db';
import type { ServerDeps } from '../deps.ts';
import { notFound } from '../http/problems.ts';
import { criticalPath, isOver, toRunResponse } from './run-response.ts';

/** Runs as they are shown. A plan never changes and what an ended run took does not either, so both are remembered. */
export interface RunReader {
  /** Throws `not-found`. */
  readonly read: (runId: string) => Promise<RunResponse>;
  readonly describe: (run: RunRecord) => Promise<RunResponse>;
}

const keptPlans = 256;
/** Those of thousands of nodes are long. */
const keptGraphs = 2;
const keptRuns = 256;

type Measured = Pick<RunResponse, 'timings' | 'criticalPath'>;

export function createRunReader(deps: Pick<ServerDeps, 'inventory' | 'now'>): RunReader {
  const { inventory } = deps;
  const sizes = new Map<string, number>();
  const graphs = new Map<string, Graph>();
  const ended = new Map<string, Measured>();

  const sizeOf = async (planId: string): Promise<number> =>
    sizes.get(planId) ?? keep(sizes, planId, await inventory.plans.size(planId), keptPlans);
  const graphOf = async (planId: string): Promise<Graph> => {
    const known = graphs.get(planId);
    if (known !== undefined) return known;
    return keep(graphs, planId, (await inventory.plans.graph(planId)) ?? { vertices: [], edges: [] }, keptGraphs);
  };
  const measure = async (run: RunRecord): Promise<Measured> => {
    // A failed run that is retried ends again, later.
    const key = `${run.id} ${run.endedAt?.toISOString() ?? ''}`;
    const known = ended.get(key);
    if (known !== undefined) return known;
    const [timings, steps] = await Promise.all([inventory.runs.timings(run.id), inventory.runs.steps(run.id)]);
    // Nothing has run yet: there is no path to look for.
    const graph = steps.length === 0 ? { vertices: [], edges: [] } : await graphOf(run.planId);
    const measured = { timings, criticalPath: criticalPath(graph, steps) };
    return isOver(run) ? keep(ended, key, measured, keptRuns) : measured;
  };
  const describe = async (run: RunRecord): Promise<RunResponse> => {
    const [actionsToRun, measured, version] = await Promise.all([
      sizeOf(run.planId),
      measure(run),
      inventory.events.newestOf(run.deploymentId),
    ]);
    return toRunResponse(run, { actionsToRun, ...measured, version, now: deps.now() });
  };
  return {
    describe,
    async read(runId) {
      const run = await inventory.runs.find(runId);
      if (run === null) throw notFound(`run ${runId}`);
      return describe(run);
    },
  };
}

function keep<Value>(kept: Map<string, Value>, key: string, value: Value, limit: number): Value {
  kept.set(key, value);
  const oldest = kept.keys().next();
  if (kept.size > limit && oldest.done !== true) kept.delete(oldest.value);
  return value;
}
