import { readFileSync } from 'node:fs';
import path from 'node:path';
import { until } from '../../support/until.ts';
import { apply, destroy, rowsOf, runEnd } from '../cluster/deployments.ts';
import { isStopped } from '../cluster/managed-process.ts';
import { stoppingWorkerArguments } from '../cluster/programs.ts';
import type { Scenario } from '../scenario.ts';
import { between, pick } from '../seeded.ts';
import { untilItsLeasesAreOver, wakeUp } from './frozen-worker.ts';
import { wereAttachedTo } from './kill.ts';
import { paces, twentyNodes } from './specification.ts';
import { onStage, type SimDeps } from './stage.ts';

/** A worker is stopped exactly between its claim and the launch, and launches when another has long done so. */
export const freezeBeforeLaunchScenario = (deps: SimDeps): Scenario => ({
  name: 'freeze-before-launch',
  weight: 3,
  missing: () => null,
  run: (round) =>
    onStage(deps, round, { size: { servers: 1, workers: 1 }, configuration: paces }, async (stage) => {
      const { cluster } = stage;
      const stopFile = path.join(cluster.directory, 'stopped');
      const call = pick(round.random, ['simulate', 'simulate', 'ensureNode']);
      const at = between(round.random, 1, 6);
      const stopper = await cluster.addWorker('stopper', {
        args: stoppingWorkerArguments,
        environment: {
          FORMWORK_FAULTS_STOP_IN: call,
          FORMWORK_FAULTS_STOP_AT: String(at),
          FORMWORK_FAULTS_STOP_FILE: stopFile,
        },
      });
      const { runId } = await apply(cluster, twentyNodes(stage));
      await stage.plantKeys();
      round.note(`stopped before its ${call} number ${at}`);
      await until('the worker has stopped itself', () => isStopped(stopper.pid() ?? 0));
      const nodeId = readFileSync(stopFile, 'utf8');
      const held = await rowsOf<{ id: string; key: string; fence: number }>(
        cluster,
        'SELECT n.id, n.key, c.fence FROM claims c JOIN node_roles n ON n.id = c.node_role_id WHERE c.worker = $1 AND n.node_id = $2',
        ['stopper', nodeId],
      );
      if (held.length === 0) throw new Error('the worker stopped without a claim on the node of its launch');
      await untilItsLeasesAreOver(cluster, stopper);
      const settled = await takenOver(stage.cluster, held);
      await wakeUp(cluster, stopper);
      const state = await runEnd(cluster, runId);
      if (state !== 'succeeded') throw new Error(`the run ended ${state}`);
      await stage.verify('active');
      await wereAttachedTo(stage);
      round.note(`${settled} had been taken over`);
      const end = await runEnd(cluster, await destroy(cluster, stage.name));
      if (end !== 'succeeded') throw new Error(`the destruction ended ${end}`);
      await stage.verify('destroyed');
    }),
});

/** Each of them was claimed by another worker since, with a greater fence; answers which they are. */
async function takenOver(
  cluster: Parameters<typeof rowsOf>[0],
  held: readonly { readonly id: string; readonly key: string; readonly fence: number }[],
): Promise<string> {
  for (const { id, key, fence } of held) {
    const [now] = await rowsOf<{ fence: number; worker: string }>(
      cluster,
      `SELECT n.fence, a.worker FROM node_roles n JOIN attempts a ON a.node_role_id = n.id AND a.number = n.attempt WHERE n.id = $1`,
      [id],
    );
    if (now === undefined || now.fence <= fence || now.worker === 'stopper')
      throw new Error(`${key} was not taken over: ${JSON.stringify(now)}`);
  }
  return held.map(({ key }) => key).join(', ');
}
