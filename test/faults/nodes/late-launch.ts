import { chmod, writeFile } from 'node:fs/promises';
import { until } from '../../support/until.ts';
import type { Scenario } from '../scenario.ts';
import { startsOf } from './book.ts';
import { must, mustEqual } from './expect.ts';
import { missingForNodes } from './needs.ts';
import { host, type NodeOnHost } from './node-on-host.ts';
import { withNodes } from './node-stage.ts';
import { startStallingProxy } from './stalling-proxy.ts';

const network = 39;
const key = 'witness@edge-box-1';
const node = 'edge-box-1';

/**
 * A worker is stopped between its claim and its launch until another has taken over and is running the step. Woken, it
 * hears nothing from the database, so that only the node can tell it that it comes too late.
 */
export const lateLaunch: Scenario = {
  name: 'node-late-launch',
  missing: () => missingForNodes('ss'),
  run: (round) =>
    withNodes(round, { network }, async (stage) => {
      const { house } = stage;
      const url = new URL(house.db.url);
      const proxy = await startStallingProxy({ host: url.hostname, port: Number(url.port) });
      try {
        const box = [{ name: 'box', slot: 'plain' }] as const;
        await house.startWorker({ id: 'early' });
        await stage.ends((await stage.apply(box)).runId);
        await house.stopWorker('early');
        const machine = await stage.node(node);
        await recordLaunches(machine);

        const sleeper = await stage.start('worker', 'sleeper', {
          DATABASE_URL: proxy.urlBy(house.environment['DATABASE_URL'] ?? ''),
        });
        // Nothing reaches the node for now, so that what is claimed is not launched.
        await host('ip', 'link', 'set', machine.link, 'down');
        const { runId } = await stage.apply(box, { apply: 'hold late' });
        const claims = () =>
          house.db.query<{ worker: string; fence: number }>(
            'SELECT c.worker, c.fence FROM claims c JOIN node_roles n ON n.id = c.node_role_id WHERE n.key = $1',
            [key],
          );
        const [first] = await until('the sleeper has claimed it', claims, ([claim]) => claim?.worker === 'sleeper');
        // It needs the database until it knocks at the node, and not from then on.
        const knocks = ['-Htn', 'state', 'syn-sent', 'dst', machine.address, 'dport', '=', ':22'];
        await until('the sleeper knocks at the node', () => host('ss', ...knocks));
        await sleeper.freeze();
        proxy.stall();
        await host('ip', 'link', 'set', machine.link, 'up');

        await stage.start('worker', 'other');
        const [second] = await until('the other worker has it', claims, ([claim]) => claim?.worker === 'other');
        must((second?.fence ?? 0) > (first?.fence ?? 0), 'the fence did not rise');
        await stage.held(node, 'late');
        const before = (await launches(machine)).length;
        sleeper.thaw();
        const late = await until(
          'the late launch has come to the node',
          async () => (await launches(machine)).slice(before),
          (found) => found.some(({ fence }) => fence === first?.fence),
        );
        round.note(`launches at the node: fence ${[second, ...late].map((one) => one?.fence).join(', ')}`);
        mustEqual('starts on the node', startsOf(await stage.book(node), 'witness', 'apply'), 2);
        mustEqual('the fence on the node', await fenceOn(machine, (await stage.nodeRole(key)).id), second?.fence);
        proxy.flow();
        await stage.letGo(node, 'late');
        await stage.ends(runId);
        mustEqual('starts on the node after all', startsOf(await stage.book(node), 'witness', 'apply'), 2);
        mustEqual('attempts', (await stage.attempts(key)).length, 2);
        // Without a database, which it has by the proxy alone, it would take jobs and fail them.
        await sleeper.kill();
      } finally {
        await proxy.close();
      }
    }),
};

/** From now on each command that sshd runs leaves its attempt and fence in a file before it runs. */
async function recordLaunches(machine: NodeOnHost): Promise<void> {
  const script = [
    '#!/bin/sh',
    'fence=${SSH_ORIGINAL_COMMAND##*fence=}',
    '[ "$fence" = "$SSH_ORIGINAL_COMMAND" ] || echo "${fence%%\\\'*}" >>/var/lib/witness/launches',
    'exec /bin/sh -c "$SSH_ORIGINAL_COMMAND"',
  ];
  await writeFile(machine.path('usr/local/sbin/record-launch'), `${script.join('\n')}\n`);
  await chmod(machine.path('usr/local/sbin/record-launch'), 0o755);
  await writeFile(machine.path('etc/ssh/sshd_config.d/20-record.conf'), 'ForceCommand /usr/local/sbin/record-launch\n');
  await machine.run('systemctl reload ssh');
}

async function launches(machine: NodeOnHost): Promise<readonly { readonly fence: number }[]> {
  const lines = (await machine.read('var/lib/witness/launches')).split('\n').filter(Boolean);
  return lines.map((line) => ({ fence: Number(line) }));
}

/** What the supervisor has stored: the greatest fence that was ever there. */
async function fenceOn(machine: NodeOnHost, nodeRoleId: string): Promise<number> {
  return Number((await machine.read(`var/lib/formwork/n/${nodeRoleId}/fence`)).split(' ')[0]);
}
