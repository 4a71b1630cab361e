import { setTimeout as sleep } from 'node:timers/promises';
import { apply, destroy, runEnd } from '../cluster/deployments.ts';
import type { Scenario } from '../scenario.ts';
import { between, pick } from '../seeded.ts';
import { untilItsLeasesAreOver, wakeUp } from './frozen-worker.ts';
import { wereAttachedTo } from './kill.ts';
import { paces, twentyNodes } from './specification.ts';
import { onStage, type SimDeps } from './stage.ts';

/** A worker is stopped at a drawn moment until others have its work, and wakes up with all it still wanted to say. */
export const freezeScenario = (deps: SimDeps): Scenario => ({
  name: 'freeze',
  weight: 3,
  missing: () => null,
  run: (round) =>
    onStage(deps, round, { size: { servers: 1, workers: 2 }, configuration: paces }, async (stage) => {
      const { cluster } = stage;
      const { runId } = await apply(cluster, twentyNodes(stage));
      await stage.plantKeys();
      const beganMs = performance.now();
      await sleep(between(round.random, 100, 5_000));
      const worker = pick(round.random, cluster.workers);
      await worker.freeze();
      round.note(`${worker.name} stopped at ${((performance.now() - beganMs) / 1000).toFixed(1)} s`);
      await untilItsLeasesAreOver(cluster, worker);
      await wakeUp(cluster, worker);
      const state = await runEnd(cluster, runId);
      if (state !== 'succeeded') throw new Error(`the run ended ${state}`);
      await stage.verify('active');
      await wereAttachedTo(stage);
      const end = await runEnd(cluster, await destroy(cluster, stage.name));
      if (end !== 'succeeded') throw new Error(`the destruction ended ${end}`);
      await stage.verify('destroyed');
    }),
});
