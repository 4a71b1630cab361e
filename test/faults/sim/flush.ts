import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { apply, destroy, runEnd } from '../cluster/deployments.ts';
import { lacksRedis } from '../cluster/lacks-redis.ts';
import type { Scenario } from '../scenario.ts';
import { between } from '../seeded.ts';
import { wereAttachedTo } from './kill.ts';
import { paces, twentyNodes } from './specification.ts';
import { onStage, type SimDeps } from './stage.ts';

/** The queue is emptied under everybody's feet, several times: it only carried ids. */
export const flushScenario = (deps: SimDeps): Scenario => ({
  name: 'flush',
  weight: 2,
  missing: lacksRedis,
  run: (given) =>
    onStage(
      deps,
      { ...given, queue: 'redis' },
      { size: { servers: 1, workers: 2 }, configuration: paces },
      async (stage) => {
        const { cluster, round } = stage;
        const { runId } = await apply(cluster, twentyNodes(stage));
        await stage.plantKeys();
        const beganMs = performance.now();
        const flush = async (): Promise<void> => {
          const redis = new Redis(cluster.redis?.url ?? '', { maxRetriesPerRequest: 1, commandTimeout: 5_000 });
          try {
            await redis.flushall();
            round.note(`emptied at ${((performance.now() - beganMs) / 1000).toFixed(1)} s`);
          } finally {
            redis.disconnect();
          }
        };
        for (let left = between(round.random, 3, 5); left > 0; left -= 1) {
          await sleep(between(round.random, 50, 2_500));
          await flush();
        }
        const state = await runEnd(cluster, runId);
        if (state !== 'succeeded') throw new Error(`the run ended ${state}`);
        await stage.verify('active');
        await wereAttachedTo(stage);
        const destruction = await destroy(cluster, stage.name);
        await sleep(between(round.random, 50, 1_000));
        await flush();
        const end = await runEnd(cluster, destruction);
        if (end !== 'succeeded') throw new Error(`the destruction ended ${end}`);
        await stage.verify('destroyed');
      },
    ),
});
