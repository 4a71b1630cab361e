import { until } from '../../support/until.ts';
import { apply, destroy, rowsOf, runEnd } from '../cluster/deployments.ts';
import type { ManagedProcess } from '../cluster/managed-process.ts';
import type { Scenario } from '../scenario.ts';
import { shuffled } from '../seeded.ts';
import { wereAttachedTo } from './kill.ts';
import { onStage, type SimDeps, type SimStage } from './stage.ts';

/** The slowest deployment may take this many times what the median one takes. */
const fairRatio = 2;
/** Longest wait for a run: fairness is a ratio, the machine may be slow. */
const runWithinMs = 900_000;

/** Many deployments at once, and all processes restarted one after the other in the middle. */
export const loadScenario = (deps: SimDeps & { readonly full: boolean }): Scenario => {
  let full = deps.full;
  return {
    name: 'load',
    missing: () => null,
    run: async (round) => {
      const size = full ? { deployments: 50, nodes: 20 } : { deployments: 12, nodes: 6 };
      full = false;
      const configuration = {
        bootMs: { min: 50, max: 300 },
        destroyMs: 20,
        steps: { defaultMs: { min: 50, max: 400 } },
      };
      await onStage(deps, round, { size: { servers: 2, workers: 4, slots: 8 }, configuration }, async (stage) => {
        const { cluster } = stage;
        const names = Array.from({ length: size.deployments }, (_, index) => `load-${index + 1}`);
        round.note(`${size.deployments} deployments of ${size.nodes} nodes`);
        const runs = await Promise.all(
          names.map((name) =>
            apply(cluster, {
              ...{ name, workflow: 'probe', params: { secretive: { password: stage.password } } },
              groups: [{ name: 'box', roles: ['follower', 'secretive'], count: size.nodes, site: stage.site }],
            }),
          ),
        );
        await stage.plantKeys();
        await until(
          'half of it is done',
          () => share(stage),
          (done) => done >= 0.4,
          300_000,
        );
        await restartAll(stage, shuffled(round.random, [...cluster.servers, ...cluster.workers]));
        for (const { runId } of runs) {
          const state = await runEnd(cluster, runId, runWithinMs);
          if (state !== 'succeeded') throw new Error(`a run ended ${state}`);
        }
        await stage.verify('active', names);
        await wereAttachedTo(stage);
        await isFair(stage);
        const destructions = await Promise.all(names.map((name) => destroy(cluster, name)));
        for (const runId of destructions) {
          const end = await runEnd(cluster, runId, runWithinMs);
          if (end !== 'succeeded') throw new Error(`a destruction ended ${end}`);
        }
        await stage.verify('destroyed', names);
      });
    },
  };
};

const share = async ({ cluster }: SimStage): Promise<number> => {
  const [row] = await rowsOf<{ share: number }>(
    cluster,
    `SELECT (count(*) FILTER (WHERE state = 'active'))::float8 / count(*) AS share FROM node_roles`,
  );
  return row?.share ?? 0;
};

/** SIGTERM and start anew, one after the other. */
async function restartAll({ round }: SimStage, processes: readonly ManagedProcess[]): Promise<void> {
  let slowestMs = 0;
  for (const one of processes) {
    const { code, tookMs } = await one.stop();
    if (code !== 0) throw new Error(`${one.name} ended with ${code ?? 'a signal'} on SIGTERM`);
    slowestMs = Math.max(slowestMs, tookMs);
    await one.start();
  }
  round.note(`restarted all, the slowest went in ${(slowestMs / 1000).toFixed(1)} s`);
}

async function isFair({ cluster, round }: SimStage): Promise<void> {
  const runs = await rowsOf<{ seconds: number }>(
    cluster,
    `SELECT EXTRACT(EPOCH FROM ended_at - started_at)::float8 AS seconds FROM runs WHERE purpose = 'apply' ORDER BY 1`,
  );
  const median = runs[Math.floor(runs.length / 2)]?.seconds ?? 0;
  const slowest = runs.at(-1)?.seconds ?? 0;
  round.note(`median ${median.toFixed(1)} s, slowest ${slowest.toFixed(1)} s`);
  if (slowest > fairRatio * median)
    throw new Error(`the slowest deployment took ${slowest} s, the median one ${median} s`);
}
