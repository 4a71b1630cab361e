import { until } from '../../support/until.ts';
import { apply, destroy, rowsOf, runEnd } from '../cluster/deployments.ts';
import type { Scenario } from '../scenario.ts';
import { between, pick } from '../seeded.ts';
import { wereAttachedTo } from './kill.ts';
import { paces, twentyNodes } from './specification.ts';
import { onStage, type SimDeps, type SimStage } from './stage.ts';

/** Longest time from SIGTERM to the end that is promised. */
const drainWithinMs = 10_000;

/** SIGTERM of a worker in the middle of long steps: it goes at once, they go on, another attaches to them. */
export const drainScenario = (deps: SimDeps): Scenario => ({
  name: 'drain',
  weight: 2,
  missing: () => null,
  run: (round) => {
    const probe = { min: 4_000, max: 9_000 };
    const configuration = {
      ...paces,
      steps: { ...paces.steps, roles: { probe, 'probe-checked': probe, capped: 3_000 } },
    };
    return onStage(deps, round, { size: { servers: 1, workers: 2 }, configuration }, async (stage) => {
      const { cluster } = stage;
      const { runId } = await apply(cluster, twentyNodes(stage));
      await stage.plantKeys();
      const worker = pick(round.random, cluster.workers);
      const wanted = between(round.random, 1, 4);
      await until(
        'it runs steps',
        () => runningSteps(stage, worker.name),
        (steps) => steps.length >= wanted,
      );
      const asked = await runningSteps(stage, worker.name);
      const { code, tookMs } = await worker.stop();
      round.note(`${worker.name} with ${asked.length} steps went in ${(tookMs / 1000).toFixed(1)} s`);
      if (code !== 0) throw new Error(`${worker.name} ended with ${code ?? 'a signal'}`);
      if (tookMs > drainWithinMs) throw new Error(`${worker.name} took ${tookMs} ms to go`);
      const kept = await rowsOf<{ key: string }>(
        cluster,
        `SELECT n.key FROM claims c JOIN node_roles n ON n.id = c.node_role_id WHERE c.worker = $1 AND c.lease_until > clock_timestamp()`,
        [worker.name],
      );
      if (kept.length > 0) throw new Error(`${worker.name} is gone and kept ${kept.map(({ key }) => key).join(', ')}`);
      const state = await runEnd(cluster, runId);
      if (state !== 'succeeded') throw new Error(`the run ended ${state}`);
      await stage.verify('active');
      await wereAttachedTo(stage);
      await handedOver(stage, worker.name, asked);
      const end = await runEnd(cluster, await destroy(cluster, stage.name));
      if (end !== 'succeeded') throw new Error(`the destruction ended ${end}`);
      await stage.verify('destroyed');
    });
  },
});

interface Step {
  readonly id: string;
  readonly key: string;
  readonly attempt: number;
}

const runningSteps = ({ cluster }: SimStage, worker: string) =>
  rowsOf<Step & Record<string, unknown>>(
    cluster,
    `SELECT n.id, n.key, n.attempt FROM claims c JOIN node_roles n ON n.id = c.node_role_id
     WHERE c.worker = $1 AND n.state = 'running' AND n.role IN ('probe', 'probe-checked', 'capped')`,
    [worker],
  );

/** What it did not end itself another worker attached to, in the same attempt; at least one was handed over. */
async function handedOver(stage: SimStage, worker: string, steps: readonly Step[]): Promise<void> {
  let count = 0;
  for (const { id, key, attempt } of steps) {
    const events = await rowsOf<{ kind: string; actor: string; attached: boolean | null; attempt: number | null }>(
      stage.cluster,
      `SELECT kind, actor, (data->>'attached')::boolean AS attached, (data->>'attempt')::int AS attempt FROM events WHERE node_role_id = $1 ORDER BY id`,
      [id],
    );
    const done = events.find((event) => event.kind === 'node-role.done');
    if (done?.actor === `worker:${worker}`) continue;
    const other = events.find((event) => event.kind === 'node-role.claimed' && event.actor !== `worker:${worker}`);
    if (other?.attached !== true || other.attempt !== attempt)
      throw new Error(`${key} was not attached to: ${JSON.stringify(other)}`);
    count += 1;
  }
  if (count === 0) throw new Error('nothing was handed over');
  stage.round.note(`${count} handed over`);
}
