import { spawnSync } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { until } from '../../support/until.ts';
import type { Round, Scenario } from '../scenario.ts';
import { startsOf } from './book.ts';
import { must, mustEqual } from './expect.ts';
import { missingForNodes } from './needs.ts';
import { host, type NodeOnHost } from './node-on-host.ts';
import { type Group, type NodeStage, withNodes } from './node-stage.ts';

const network = 36;
const role = 'witness-checked';
const names = ['edge-ahead-1', 'edge-behind-1'] as const;
const groups: readonly Group[] = [
  { name: 'ahead', slot: 'checked' },
  { name: 'behind', slot: 'checked' },
];
/** How far a clock may be from where it was put: the time a scenario takes. */
const toleranceSeconds = 600;

/** One node's clock is an hour ahead, another's an hour behind, and they may jump to the other side in mid-step. */
export const clockOff: Scenario = {
  name: 'node-clock-off',
  missing: () => missingForNodes('apt-get', 'dpkg-deb') ?? missingPackage(),
  run: (round) =>
    withNodes(round, { network }, async (stage) => {
      const { house } = stage;
      await house.startWorker({ id: 'first' });
      await stage.ends((await stage.apply(groups)).runId);
      await withPackage(async (deb) => {
        for (const name of names) await fakeClock(await stage.node(name), deb);
      });
      await set(stage, 1);
      await handedOver(round, stage);
      await rebootAskedFor(stage);
      await rebootUnasked(round, stage);
    }),
};

/** A worker hands a running step over, the clocks may jump, and the next one attaches to the same attempt. */
async function handedOver(round: Round, stage: NodeStage): Promise<void> {
  const { house } = stage;
  const { runId } = await stage.apply(groups, { apply: 'hold clock; echo after' });
  for (const name of names) await stage.held(name, 'clock');
  await house.stopWorker('first');
  const jumps = round.random() < 0.5;
  if (jumps) await set(stage, -1);
  round.note(jumps ? 'clocks jump by two hours' : 'clocks stay wrong');
  await house.startWorker({ id: 'second' });
  await until(
    'the second worker has both',
    () => house.db.query<{ worker: string }>('SELECT worker FROM claims'),
    (claims) => claims.length === names.length && claims.every(({ worker }) => worker === 'second'),
  );
  for (const name of names) await stage.letGo(name, 'clock');
  await stage.ends(runId);
  for (const name of names) {
    mustEqual(`attempts of ${name}`, await stage.attempts(`${role}@${name}`), [done, done]);
    mustEqual(`starts on ${name}`, startsOf(await stage.book(name), role, 'apply'), 2);
    must((await stage.log(`${role}@${name}`)).includes('\nafter\n'), `the log of ${name} is not whole`);
  }
  if (jumps) await set(stage, 1);
}

/** Told by the boot, not by the time: verify runs once, in the next boot, by the wrong clock. */
async function rebootAskedFor(stage: NodeStage): Promise<void> {
  const { runId } = await stage.apply(groups, { apply: 'exit 77' });
  await stage.ends(runId);
  for (const name of names) {
    mustEqual(`attempts of ${name} with a reboot`, await stage.attempts(`${role}@${name}`), [done, done, done]);
    const book = (await stage.book(name)).filter(({ word }) => word === 'start').slice(-3);
    mustEqual(
      `steps on ${name} around the reboot`,
      book.map(({ step }) => step),
      ['check', 'apply', 'verify'],
    );
    must(book[1]?.boot !== book[2]?.boot, `verify of ${name} ran in the boot that asked for another`);
    const off = (book[2]?.seconds ?? 0) - Date.now() / 1000;
    const wanted = name === 'edge-ahead-1' ? 3600 : -3600;
    must(Math.abs(off - wanted) < toleranceSeconds, `the clock of ${name} was off by ${off} s, must be ${wanted} s`);
  }
}

async function rebootUnasked(round: Round, stage: NodeStage): Promise<void> {
  const { runId } = await stage.apply(groups, { apply: `grep -qx power "$book/held" || hold power` });
  for (const name of names) await stage.held(name, 'power');
  const [name, other] = round.random() < 0.5 ? names : [names[1], names[0]];
  await (await stage.node(name)).run('systemctl reboot --force --force').catch(() => '');
  await stage.letGo(other, 'power');
  await stage.ends(runId);
  const lost = { state: 'failed', code: 'lost' };
  mustEqual(`attempts of ${name} after its restart`, await stage.attempts(`${role}@${name}`), [
    done,
    done,
    done,
    lost,
    done,
  ]);
  mustEqual(`attempts of ${other}`, await stage.attempts(`${role}@${other}`), [done, done, done, done]);
}

const done = { state: 'done', code: null };

/** Puts the clocks: the one ahead by this many hours, the other behind by as many. */
async function set(stage: NodeStage, hours: 1 | -1): Promise<void> {
  for (const name of names) {
    const sign = (name === 'edge-ahead-1' ? hours : -hours) > 0 ? '+' : '-';
    await writeFile((await stage.node(name)).path('etc/faketimerc'), `${sign}1h\n`);
  }
}

/**
 * From now on sshd and whatever it starts see the time that /etc/faketimerc says. sshd gives its sessions an
 * environment of their own, and the supervisor its steps, which it starts by `setsid`, another: both have to be told.
 */
async function fakeClock(node: NodeOnHost, deb: string): Promise<void> {
  await host('dpkg-deb', '-x', deb, node.path(''));
  const library = await node.run('echo /usr/lib/*/faketime/libfaketime.so.1');
  const variables = `LD_PRELOAD=${library} FAKETIME_TIMESTAMP_FILE=/etc/faketimerc FAKETIME_NO_CACHE=1`;
  const put = async (file: string, text: string): Promise<void> => {
    await mkdir(path.dirname(node.path(file)), { recursive: true });
    await writeFile(node.path(file), text);
  };
  await put('etc/faketimerc', '+0\n');
  await put('etc/systemd/system/ssh.service.d/clock.conf', `[Service]\nEnvironment=${variables}\n`);
  await put('etc/ssh/sshd_config.d/20-clock.conf', `SetEnv ${variables}\n`);
  await put('usr/local/bin/setsid', `#!/bin/sh\nexec /usr/bin/env ${variables} /usr/bin/setsid "$@"\n`);
  await chmod(node.path('usr/local/bin/setsid'), 0o755);
  await node.run('systemctl daemon-reload; systemctl stop ssh');
  for (const pid of await node.processes('sshd')) process.kill(pid, 'SIGKILL');
  await node.run('systemctl start ssh');
}

function missingPackage(): string | null {
  const { status } = spawnSync('apt-cache', ['show', 'libfaketime'], { timeout: 30_000, stdio: 'ignore' });
  return status === 0 ? null : 'the package libfaketime in the lists of apt';
}

async function withPackage(work: (deb: string) => Promise<void>): Promise<void> {
  const directory = await mkdtemp(path.join(tmpdir(), 'formwork-faketime-'));
  try {
    const fetch = `cd ${directory} && apt-get -q -o APT::Sandbox::User=root download libfaketime`;
    await host('sh', '-c', fetch);
    const [deb] = await readdir(directory);
    must(deb !== undefined, 'apt-get downloaded nothing');
    await work(path.join(directory, deb));
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}
