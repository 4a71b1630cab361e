import { chmod, readFile, writeFile } from 'node:fs/promises';
import { makeKeyPair } from '../../conformance/ssh.ts';
import { until } from '../../support/until.ts';
import type { Scenario } from '../scenario.ts';
import { startsOf } from './book.ts';
import { must, mustEqual } from './expect.ts';
import { missingForNodes } from './needs.ts';
import type { NodeOnHost } from './node-on-host.ts';
import { withNodes } from './node-stage.ts';

const network = 35;
const key = 'witness@edge-box-1';
const node = 'edge-box-1';

/** The node shows another host key than the one it is known by, before a step or while one runs. */
export const hostKeyChanged: Scenario = {
  name: 'node-host-key-changed',
  missing: () => missingForNodes(),
  run: (round) =>
    withNodes(round, { network }, async (stage) => {
      await stage.house.startWorker({ id: 'first' });
      const box = [{ name: 'box', slot: 'plain' }] as const;
      await stage.ends((await stage.apply(box)).runId);
      const machine = await stage.node(node);
      const inMidStep = round.random() < 0.5;
      round.note(inMidStep ? 'while a step ran' : 'before a step');
      let runId = '';
      if (inMidStep) ({ runId } = await stage.apply(box, { apply: 'hold key' }));
      if (inMidStep) await stage.held(node, 'key');
      const giveBack = await otherKey(machine);
      if (!inMidStep) ({ runId } = await stage.apply(box, { apply: 'hold key' }));
      await stage.ends(runId, 'failed');
      const { state } = await stage.nodeRole(key);
      must(state.state === 'failed' && state.error.code === 'host-key-changed', `it is ${JSON.stringify(state)}`);
      must(/pinned is SHA256:/.test(state.error.message), `it does not say why: ${state.error.message}`);
      mustEqual('starts after the refusal', startsOf(await stage.book(node), 'witness', 'apply'), inMidStep ? 2 : 1);

      await giveBack();
      await stage.retry(key);
      // What was left alone still runs: the next try may begin only when it has ended, whichever way.
      if (!inMidStep) await stage.held(node, 'key');
      await stage.letGo(node, 'key');
      await stage.ends(runId);
      mustEqual('starts after all', startsOf(await stage.book(node), 'witness', 'apply'), inMidStep ? 3 : 2);
    }),
};

/** Gives the node another host key and ends all its connections; answers how to give the first one back. */
async function otherKey(machine: NodeOnHost): Promise<() => Promise<void>> {
  const file = machine.path('etc/ssh/ssh_host_ed25519_key');
  const first = await readFile(file, 'utf8');
  const put = async (text: string): Promise<void> => {
    await writeFile(file, text);
    await chmod(file, 0o600);
    await machine.run('systemctl stop ssh');
    for (const pid of await machine.processes('sshd')) process.kill(pid, 'SIGKILL');
    await until(
      'no connection is left',
      () => machine.processes('sshd'),
      (pids) => pids.length === 0,
    );
    await machine.run('systemctl start ssh');
  };
  await put(makeKeyPair().privateKey);
  return () => put(first);
}
