import { setTimeout as sleep } from 'node:timers/promises';
import { apply, propose, startedIn, uploadPack } from '../support/deployments.ts';
import type { Formwork } from '../support/formwork.ts';
import { type Cost, measure, summary } from '../support/measure.ts';
import { pssMib } from '../support/process-cpu.ts';
import { say } from '../support/report.ts';
import { rounded } from '../support/statistics.ts';
import { generatePacks, versionsOf } from './generate-pack.ts';
import { ordinals, type Shape } from './shape.ts';

/** Nothing takes time but Formwork itself. */
const instantly = { state: 'memory', bootMs: 0, destroyMs: 0, callMs: 0, steps: { defaultMs: 0 } };

/**
 * A first apply (plan, approval, run) and a plan that finds nothing to do. Machines are there before: Terraform has none.
 */
export async function measureFormwork(
  { client, cpu, group }: Formwork,
  folder: string,
  name: string,
  { chains, length }: Shape,
  repeat: number,
) {
  for (const pack of generatePacks(folder, name, length)) await uploadPack(client, pack);
  await client.call('createSite', { body: { name: `${name}-park`, provider: 'sim', configuration: instantly } });
  const applies: Cost[] = [];
  const plans: Cost[] = [];
  const parts: object[] = [];
  for (const round of ordinals(repeat)) {
    const deployment = `${name}-${String(round)}`;
    const specification = (version: string): string =>
      JSON.stringify({
        name: deployment,
        workflow: name,
        packs: { [name]: version },
        groups: [{ name: 'host', roles: ['host'], count: chains, site: `${name}-park` }],
      });
    await apply(client, deployment, specification(versionsOf.bare));
    await sleep(1000);
    const before = cpu();
    let planSeconds = 0;
    const applied = await measure(group, async () => {
      const beganMs = performance.now();
      const plan = await propose(client, deployment, specification(versionsOf.chain));
      planSeconds = (performance.now() - beganMs) / 1000;
      if (plan.counts.actionsToRun !== chains * length) throw new Error('the plan is not of this shape');
      const params = { name: deployment, plan: plan.id };
      const run = await client.call('approvePlan', { params, query: { wait: '10m' } });
      if (run.state !== 'succeeded') throw new Error(`the run ended ${run.state}: ${run.message}`);
      return run;
    });
    const after = cpu();
    const part = (key: keyof typeof after): number => (after[key] - before[key]) / 1000;
    parts.push({
      planSeconds,
      serverCpuSeconds: part('server'),
      workerCpuSeconds: part('worker'),
      databaseCpuSeconds: part('database'),
    });
    const started = (await startedIn(client, applied.result)).length;
    if (started !== chains * length) throw new Error(`${String(started)} node-roles ran`);
    say(`  formwork apply: ${applied.wallSeconds.toFixed(1)} s, CPU ${applied.cpuSeconds.toFixed(1)} s`);
    say(`    ${JSON.stringify(parts.at(-1))}`);
    applies.push(applied);

    const planned = await measure(group, () => propose(client, deployment, specification(versionsOf.chain)));
    if (planned.result.counts.actionsToRun !== 0) throw new Error('an unchanged specification would run something');
    say(`  formwork plan: ${planned.wallSeconds.toFixed(2)} s, CPU ${planned.cpuSeconds.toFixed(2)} s`);
    plans.push(planned);
  }
  return { apply: summary(applies), plan: summary(plans), parts, memoryMib: rounded(pssMib(group.pids())) };
}
