import { setTimeout as sleep } from 'node:timers/promises';
import { apply, destroy, startedIn } from '../support/deployments.ts';
import type { Formwork } from '../support/formwork.ts';
import { say } from '../support/report.ts';
import { measured, type Round } from './measured.ts';
import { cgroupOf, mottos, shape } from './site.ts';

/** Ten fresh machines, and on them the first run, one without a change, and one with one parameter changed. */
export async function formworkRound(
  { client, group, cpu }: Formwork,
  site: { readonly id: string; readonly name: string },
  round: number,
): Promise<Round> {
  const name = `bench-${String(round)}`;
  const specification = (version: string, motto: string): string =>
    JSON.stringify({
      name,
      workflow: 'bench',
      packs: { bench: version },
      params: version === '1.0.0' ? {} : { 'bench-config': { motto } },
      groups: [{ name: 'host', roles: ['host'], count: shape.nodes, site: site.name }],
    });
  await apply(client, name, specification('1.0.0', mottos.before));
  say('  the machines of Formwork are there');
  const run = async (motto: string, expected: RegExp) => {
    // Whatever the making of machines left to do.
    await sleep(2000);
    const parts = cpu();
    const cost = await measured(
      group,
      cgroupOf(site.id),
      () => apply(client, name, specification('2.0.0', motto)),
      async (applied) => {
        const started = await startedIn(client, applied.run);
        const stray = started.find((key) => !expected.test(key));
        if (stray !== undefined) throw new Error(`${stray} ran, which nothing asked for`);
        return started.length;
      },
    );
    const now = cpu();
    const part = (key: keyof typeof now): string => ((now[key] - parts[key]) / 1000).toFixed(2);
    say(
      `  formwork: ${cost.wallSeconds.toFixed(2)} s, CPU ${cost.cpuSeconds.toFixed(2)} s (server ${part('server')}, worker ${part('worker')}, database ${part('database')}), nodes' CPU ${cost.nodesCpuSeconds.toFixed(2)} s, ${String(cost.done)} node-roles ran`,
    );
    return cost;
  };
  const first = await run(mottos.before, /^bench-/);
  const unchanged = await run(mottos.before, /^$/);
  const changed = await run(mottos.after, /^bench-config@/);
  const task = await client.call('runTask', {
    params: { name },
    query: { wait: '2m' },
    body: { role: 'bench-digest' },
  });
  if (task.state !== 'succeeded') throw new Error(task.message);
  const output = await client.call('getOutput', { params: { name, output: 'bench-digest.digest' } });
  await destroy(client, name);
  return {
    runs: { first, unchanged, changed },
    effects: output.values.map(({ value }) => (typeof value === 'string' ? value : '')),
  };
}
