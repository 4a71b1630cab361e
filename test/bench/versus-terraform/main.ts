/**
 * Terraform's scheduler beside ours: chains of steps that do nothing, so that only ordering, state and planning cost.
 *   npm run bench:versus-terraform [-- --redis] [--repeat 3] [--only chains|single]
 */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { startTestRedis } from '../../support/redis.ts';
import { cleanUp } from '../support/clean-up.ts';
import { openCpuGroup } from '../support/cpu-group.ts';
import { startFormwork } from '../support/formwork.ts';
import { interruptible } from '../support/interruptible.ts';
import { commit, firstLine, load, machine, versions } from '../support/machine.ts';
import { ratioOf, type Summary } from '../support/measure.ts';
import { printReport, say } from '../support/report.ts';
import { measureFormwork } from './measure-formwork.ts';
import { measureTerraform } from './measure-terraform.ts';
import type { Shape } from './shape.ts';

const shapes: Readonly<Record<'chains' | 'single', Shape>> = {
  chains: { chains: 100, length: 20 },
  single: { chains: 1, length: 2000 },
};
/** Terraform's `-parallelism`, and the slots of our worker. */
const parallelism = 50;
/** An apply of Terraform that has taken so many times ours, and so many seconds, need not come to its end. */
const enough = 20;
const leastSeconds = 240;

const { values } = parseArgs({
  options: {
    redis: { type: 'boolean', default: false },
    repeat: { type: 'string', default: '3' },
    only: { type: 'string' },
  },
});
const head = {
  name: 'versus-terraform',
  machine: machine(),
  load: load(),
  versions: await versions(['terraform', ...(values.redis ? (['redis'] as const) : [])]),
  commit: await commit(),
};
if ((await firstLine('terraform', 'version')) === null) {
  say('there is no terraform on the path: nothing is compared');
  printReport({ ...head, skipped: 'there is no terraform on the path' });
} else {
  await compare();
}

async function compare(): Promise<void> {
  const folder = mkdtempSync(path.join(tmpdir(), 'formwork-bench-terraform-'));
  const redis = values.redis ? await startTestRedis() : null;
  const formwork = await startFormwork({
    FORMWORK_WORKER_SLOTS: String(parallelism),
    ...(redis === null ? {} : { REDIS_URL: redis.url }),
    ...(process.env['NODE_OPTIONS'] === undefined ? {} : { NODE_OPTIONS: process.env['NODE_OPTIONS'] }),
  });
  const group = openCpuGroup('terraform');
  const repeat = Number(values.repeat);
  const one = async (name: keyof typeof shapes) => {
    const shape = shapes[name];
    const place = path.join(folder, name);
    mkdirSync(place);
    say(`${name}: ${String(shape.chains)} x ${String(shape.length)}`);
    const ours = await measureFormwork(formwork, path.join(place, 'packs'), name, shape, repeat);
    const enoughMs = 1000 * Math.max(leastSeconds, enough * ours.apply.wallSeconds);
    const theirs = await measureTerraform(group, path.join(place, 'terraform'), shape, parallelism, repeat, enoughMs);
    const ratios = { apply: ratioOf(theirs.apply, ours.apply), plan: ratioOf(theirs.plan, ours.plan) };
    return { name, shape, ours, theirs, ratios };
  };
  try {
    const results: Awaited<ReturnType<typeof one>>[] = [];
    await interruptible(async () => {
      for (const name of ['chains', 'single'] as const)
        if (values.only === undefined || values.only === name) results.push(await one(name));
    });
    const by = (pick: (result: (typeof results)[number]) => unknown): Readonly<Record<string, unknown>> =>
      Object.fromEntries(results.map((result) => [result.name, pick(result)]));
    const ahead = (least: number, theirs: Summary, ours: Summary): boolean =>
      theirs.wallSeconds >= least * ours.wallSeconds && theirs.cpuSeconds >= least * ours.cpuSeconds;
    printReport({
      ...head,
      shape: { ...by(({ shape }) => shape), parallelism, queue: redis === null ? 'postgres' : 'redis' },
      accounting: group.accounting,
      formwork: by(({ ours }) => ours),
      terraform: by(({ theirs }) => theirs),
      ratios: by(({ ratios }) => ratios),
      holds: Object.fromEntries(
        results.flatMap(({ name, ours, theirs }) => [
          [`${name}Apply`, ahead(name === 'chains' ? 5 : 1, theirs.apply, ours.apply)],
          [`${name}Plan`, ahead(1, theirs.plan, ours.plan)],
        ]),
      ),
    });
  } finally {
    await cleanUp(
      () => formwork.stop(),
      () => redis?.stop(),
      () => {
        group.end();
      },
      () => group.close(),
      () => rmSync(folder, { recursive: true, force: true }),
    );
  }
}
