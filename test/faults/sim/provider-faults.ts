import type { JsonObject } from '@formwork/core';
import { until } from '../../support/until.ts';
import { apply, destroy, persistently, rowsOf, runEnd } from '../cluster/deployments.ts';
import type { Scenario } from '../scenario.ts';
import { between, pick, shuffled } from '../seeded.ts';
import { type FinalFault, finalFaults, healingFaults } from './provider-fault-kinds.ts';
import { paces, twentyNodes } from './specification.ts';
import { onStage, type SimDeps, type SimStage } from './stage.ts';

/** Two or three faults that heal by themselves, and in every second round one that does not. */
export const providerFaultsScenario = (deps: SimDeps): Scenario => ({
  name: 'provider-faults',
  weight: 4,
  missing: () => null,
  run: (round) => {
    const healing = shuffled(round.random, healingFaults(round.random)).slice(0, between(round.random, 2, 3));
    const final = round.random() < 0.5 ? pick(round.random, finalFaults(round.random)) : null;
    const drawn = [...healing, ...(final === null ? [] : [final])];
    for (const { name } of drawn) round.note(name);
    const faults = drawn.flatMap((one) => one.faults);
    return onStage(
      deps,
      round,
      { size: { servers: 1, workers: 2 }, configuration: { ...paces, faults } },
      async (stage) => {
        const { runId } = await apply(stage.cluster, twentyNodes(stage));
        await stage.plantKeys();
        if (final === null) {
          const state = await runEnd(stage.cluster, runId);
          if (state !== 'succeeded') throw new Error(`the run ended ${state}: ${(await failures(stage)).join('; ')}`);
          await stage.verify('active');
        } else
          await playFinal(
            stage,
            final,
            runId,
            healing.flatMap((one) => one.faults),
          );
        await destroyToTheEnd(stage);
        await stage.verify('destroyed');
      },
    );
  },
});

/** Ends failed with its reason, or is cancelled; then perhaps is repaired and comes to its end after all. */
async function playFinal(
  stage: SimStage,
  fault: FinalFault,
  runId: string,
  rest: readonly JsonObject[],
): Promise<void> {
  const { cluster, round, name } = stage;
  const way = pick(round.random, ['destroyed as it is', 'repaired', ...(fault.waits ? ['cancelled'] : [])]);
  round.note(way);
  if (fault.waits) {
    await until(
      'only the machines that are never ready are left',
      () =>
        rowsOf<{ key: string; state: string }>(
          cluster,
          `SELECT key, state FROM node_roles WHERE state NOT IN ('active', 'blocked')`,
        ),
      (rows) => rows.length > 0 && rows.every(({ key, state }) => key.startsWith('machine@') && state === 'waiting'),
      120_000,
    );
    if (way === 'cancelled') {
      await persistently(cluster, (client) => client.call('cancelRun', { params: { name } }));
      const state = await runEnd(cluster, runId);
      if (state !== 'cancelled') throw new Error(`the cancelled run ended ${state}`);
      return;
    }
    // The role's time passes; what was tried before stays before it.
    await cluster.db.query(
      `UPDATE attempts SET started_at = started_at - interval '2 hours', ended_at = ended_at - interval '2 hours'
       WHERE node_role_id IN (SELECT node_role_id FROM attempts WHERE state IN ('running', 'waiting'))`,
    );
  }
  const state = await runEnd(cluster, runId);
  if (state !== 'failed') throw new Error(`the run ended ${state}, not failed`);
  const errors = await failures(stage);
  if (errors.length === 0 || !errors.every((error) => fault.says.test(error)))
    throw new Error(`what failed does not say why: ${errors.join('; ')}`);
  if (way !== 'repaired') return;
  await persistently(cluster, (client) =>
    client.call('patchSite', {
      params: { site: stage.site },
      body: { configuration: { faults: rest } },
    }),
  );
  const repaired = await runEnd(cluster, (await apply(cluster, twentyNodes(stage))).runId);
  if (repaired !== 'succeeded')
    throw new Error(`the repaired run ended ${repaired}: ${(await failures(stage)).join('; ')}`);
  await stage.verify('active');
}

const failures = async ({ cluster }: SimStage): Promise<readonly string[]> =>
  (
    await rowsOf<{ what: string }>(
      cluster,
      `SELECT key || ': ' || state_data::text AS what FROM node_roles WHERE state = 'failed' OR (state = 'removing' AND state_data->'work'->>'phase' = 'failed')`,
    )
  ).map(({ what }) => what);

/** A destruction that the provider let fail is asked for again; it must come to its end. */
async function destroyToTheEnd(stage: SimStage): Promise<void> {
  for (let tries = 1; tries <= 4; tries += 1) {
    const state = await runEnd(stage.cluster, await destroy(stage.cluster, stage.name));
    if (state === 'succeeded') {
      if (tries > 1) stage.round.note(`destroyed at the ${tries}. time`);
      return;
    }
  }
  throw new Error(`it cannot be destroyed: ${(await failures(stage)).join('; ')}`);
}
