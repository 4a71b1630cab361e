/**
 * The same ten effects on ten machines, by Formwork as users have it and by ansible-core.
 *   npm run bench:versus-ansible [-- --redis] [--repeat 3]
 */
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { openLocalSite } from '../../e2e/local-site.ts';
import { startTestRedis } from '../../support/redis.ts';
import { cleanUp } from '../support/clean-up.ts';
import { openCpuGroup } from '../support/cpu-group.ts';
import { destroy, uploadPack } from '../support/deployments.ts';
import { type Formwork, startFormwork } from '../support/formwork.ts';
import { interruptible } from '../support/interruptible.ts';
import { commit, load, machine, versions } from '../support/machine.ts';
import { ratioOf } from '../support/measure.ts';
import { printReport, say } from '../support/report.ts';
import { ansibleRound } from './ansible-round.ts';
import { formworkRound } from './formwork-round.ts';
import { type Round, type RunName, runs, summaryOf } from './measured.ts';
import { images, networks, shape } from './site.ts';

const { values } = parseArgs({
  options: { redis: { type: 'boolean', default: false }, repeat: { type: 'string', default: '3' } },
});
const head = {
  name: 'versus-ansible',
  machine: machine(),
  load: load(),
  versions: await versions(['ansible', 'ssh', ...(values.redis ? (['redis'] as const) : [])]),
  commit: await commit(),
};
const folder = mkdtempSync(path.join(tmpdir(), 'formwork-bench-ansible-'));
const redis = values.redis ? await startTestRedis() : null;
const formwork = await startFormwork({
  ...(redis === null ? {} : { REDIS_URL: redis.url }),
  ...(process.env['NODE_OPTIONS'] === undefined ? {} : { NODE_OPTIONS: process.env['NODE_OPTIONS'] }),
});
const group = openCpuGroup('ansible');
const ansibleSite = `bench-ansible-${randomUUID()}`;
const machines = await openLocalSite({ siteId: ansibleSite, ...networks.ansible, images });
const [ours, theirs]: [Round[], Round[]] = [[], []];
try {
  await interruptible(async () => {
    const site = await prepare(formwork);
    for (let round = 1; round <= Number(values.repeat); round += 1) {
      say(`round ${String(round)}`);
      ours.push(await formworkRound(formwork, site, round));
      theirs.push(await ansibleRound(group, { id: ansibleSite, machines }, folder, round));
    }
  });
} finally {
  await cleanUp(
    removeMachines,
    () => machines.destroyAll(),
    () => formwork.stop(),
    () => redis?.stop(),
    async () => {
      for (const one of await machines.leftovers()) say(`left behind: ${one}`);
    },
    () => machines.close(),
    () => {
      group.end();
    },
    () => group.close(),
    () => rmSync(folder, { recursive: true, force: true }),
  );
}

const digests = new Set([...ours, ...theirs].flatMap(({ effects }) => effects.map((text) => text.trim())));
const counts = [...ours, ...theirs].map(({ effects }) => effects.length);
const of = (rounds: readonly Round[]) =>
  Object.fromEntries(runs.map((name) => [name, summaryOf(rounds, name)] as const));
const ratios = (name: RunName) => ratioOf(summaryOf(theirs, name), summaryOf(ours, name));
const every = (name: RunName, done: number): boolean => ours.every(({ runs }) => runs[name].done === done);
printReport({
  ...head,
  shape: { ...shape, repeat: ours.length, queue: redis === null ? 'postgres' : 'redis' },
  accounting: `${group.accounting}; controller side, the nodes' own CPU apart (nodesCpuSeconds)`,
  formwork: of(ours),
  ansible: of(theirs),
  ratios: Object.fromEntries(runs.map((name) => [name, ratios(name)])),
  holds: {
    firstRunFiveTimesFasterInWall: ratios('first').wall >= 5,
    firstRunFiveTimesLessCpu: ratios('first').cpu >= 5,
    unchangedRunExecutesNothing: every('unchanged', 0),
    changedParameterRunsOnlyWhatItReaches: every('first', shape.nodes * shape.steps) && every('changed', shape.nodes),
    sameEffects: digests.size === 1 && counts.every((count) => count === shape.nodes),
  },
});
if (digests.size > 1) say([...digests].join('\n--- differs ---\n'));

/** What an interrupted round left; a whole one has removed its own. */
async function removeMachines(): Promise<void> {
  const { client } = formwork;
  const { items } = await client.call('listDeployments', { query: {} });
  for (const { name, state } of items) if (state !== 'destroyed') await destroy(client, name);
}

/** Packs and a site, which answers its check. */
async function prepare({ client }: Formwork): Promise<{ readonly id: string; readonly name: string }> {
  for (const pack of ['machines-pack', 'pack']) await uploadPack(client, path.join(import.meta.dirname, pack));
  const { bridge, network } = networks.formwork;
  const configuration = {
    driver: 'nspawn',
    bridge,
    subnet: `${network}.0/24`,
    images,
    defaultImage: 'bench-debian-12',
  };
  const site = await client.call('createSite', { body: { name: 'here', provider: 'local', configuration } });
  const check = await client.call('checkSite', { params: { site: 'here' } });
  if (!check.ok) throw new Error(JSON.stringify(check.problems));
  return site;
}
