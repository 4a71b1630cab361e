import { apply, destroy, propose, rowsOf, runEnd } from '../cluster/deployments.ts';
import type { Scenario } from '../scenario.ts';
import { between } from '../seeded.ts';
import { paces, twentyNodes } from './specification.ts';
import { onStage, type SimDeps } from './stage.ts';
import { strikeAtRandom } from './strikes.ts';

/** SIGKILL of anything at any moment of a deployment and of its destruction. Nobody retries anything: it goes on. */
export const killScenario = (deps: SimDeps): Scenario => ({
  name: 'kill',
  weight: 6,
  missing: () => null,
  run: (round) =>
    onStage(deps, round, { size: { servers: 1, workers: 2 }, configuration: paces }, async (stage) => {
      const { cluster } = stage;
      const specification = twentyNodes(stage);
      const { runId } = await apply(cluster, specification);
      await stage.plantKeys();
      await strikeAtRandom(cluster, round, { count: between(round.random, 3, 6), everyMs: 2_500, backWithinMs: 4_000 });
      const state = await runEnd(cluster, runId);
      if (state !== 'succeeded') throw new Error(`the run ended ${state}`);
      await stage.verify('active');
      await wereAttachedTo(stage);
      const { actions } = await propose(cluster, specification);
      if (actions > 0) throw new Error(`the same specification plans ${actions} actions`);
      const destruction = await destroy(cluster, stage.name);
      round.note('in its destruction');
      await strikeAtRandom(cluster, round, { count: 1, everyMs: 1_500, backWithinMs: 3_000 });
      const end = await runEnd(cluster, destruction);
      if (end !== 'succeeded') throw new Error(`the destruction ended ${end}`);
      await stage.verify('destroyed');
    }),
});

/** Whoever takes over goes on with the same attempt: nothing failed, so nothing has a second one. */
export async function wereAttachedTo({ cluster }: { readonly cluster: Parameters<typeof rowsOf>[0] }): Promise<void> {
  const again = await rowsOf<{ key: string; attempt: number; errors: string }>(
    cluster,
    `SELECT n.key, n.attempt, (SELECT string_agg(a.error::text, '; ') FROM attempts a WHERE a.node_role_id = n.id) AS errors
     FROM node_roles n WHERE n.attempt > 1`,
  );
  if (again.length > 0)
    throw new Error(again.map(({ key, attempt, errors }) => `${key} needed ${attempt} attempts: ${errors}`).join('\n'));
}
