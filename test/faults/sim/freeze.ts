import { setTimeout as sleep } from 'node:timers/promises';
import { apply, destroy, runEnd } from '../cluster/deployments.ts';
import type { Scenario } from '../scenario.ts';
import { between, pick } from '../seeded.ts';
import { untilItsLeasesAreOver, wakeUp } from './frozen-worker.ts';
import { wereAttachedTo } from './kill.ts';
import { paces, twentyNodes } from './specification.ts';
import { onStage, type SimDeps } from './stage.ts';

/**
 * A worker is stopped at a drawn moment until others have its work, and wakes up with all it still wanted to say. Or a
 * server: the other one leads and brings the run to its end meanwhile.
 */
export const freezeScenario = (deps: SimDeps): Scenario => ({
  name: 'freeze',
  weight: 3,
  missing: () => null,
  run: (round) =>
    onStage(deps, round, { size: { servers: 2, workers: 2 }, configuration: paces }, async (stage) => {
      const { cluster } = stage;
      const { runId } = await apply(cluster, twentyNodes(stage));
      await stage.plantKeys();
      const beganMs = performance.now();
      await sleep(between(round.random, 100, 5_000));
      const frozen = pick(round.random, [...cluster.workers, ...cluster.servers]);
      await frozen.freeze();
      round.note(`${frozen.name} stopped at ${((performance.now() - beganMs) / 1000).toFixed(1)} s`);
      if (cluster.workers.includes(frozen)) {
        await untilItsLeasesAreOver(cluster, frozen);
        await wakeUp(cluster, frozen);
      } else {
        await runEnd(cluster, runId);
        frozen.thaw();
      }
      const state = await runEnd(cluster, runId);
      if (state !== 'succeeded') throw new Error(`the run ended ${state}`);
      await stage.verify('active');
      await wereAttachedTo(stage);
      const end = await runEnd(cluster, await destroy(cluster, stage.name));
      if (end !== 'succeeded') throw new Error(`the destruction ended ${end}`);
      await stage.verify('destroyed');
    }),
});
