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

const keptPlans = 32;
const keptRuns = 256;

interface KnownPlan {
  readonly actions: number;
  readonly graph: Graph;
}
type Measured = Pick<RunResponse, 'timings' | 'criticalPath'>;

export function createRunReader(deps: Pick<ServerDeps, 'inventory' | 'now'>): RunReader {
  const { inventory } = deps;
  const plans = new Map<string, KnownPlan>();
  const ended = new Map<string, Measured>();

  const planOf = async (planId: string): Promise<KnownPlan> => {
    const known = plans.get(planId);
    if (known !== undefined) return known;
    const record = await inventory.plans.find(planId);
    if (record === null) return { actions: 0, graph: { vertices: [], edges: [] } };
    return keep(plans, planId, { actions: record.plan.actions.length, graph: record.plan.graph }, keptPlans);
  };
  const measure = async (run: RunRecord, graph: Graph): Promise<Measured> => {
    // A failed run that is retried ends again, later.
    const key = `${run.id} ${run.endedAt?.toISOString() ?? ''}`;
    const known = ended.get(key);
    if (known !== undefined) return known;
    const [timings, steps] = await Promise.all([inventory.runs.timings(run.id), inventory.runs.steps(run.id)]);
    const measured = { timings, criticalPath: criticalPath(graph, steps) };
    return isOver(run) ? keep(ended, key, measured, keptRuns) : measured;
  };
  const describe = async (run: RunRecord): Promise<RunResponse> => {
    const plan = await planOf(run.planId);
    const [measured, version] = await Promise.all([
      measure(run, plan.graph),
      inventory.events.newestOf(run.deploymentId),
    ]);
    return toRunResponse(run, { actionsToRun: plan.actions, ...measured, version, now: deps.now() });
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
