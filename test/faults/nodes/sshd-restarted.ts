import { setTimeout as sleep } from 'node:timers/promises';
import type { Round, Scenario } from '../scenario.ts';
import { startsOf } from './book.ts';
import { mustEqual } from './expect.ts';
import { missingForNodes } from './needs.ts';
import type { NodeOnHost } from './node-on-host.ts';
import { withNodes } from './node-stage.ts';

const network = 33;
const key = 'witness@edge-box-1';
const node = 'edge-box-1';

/** sshd is restarted under a running step, its sessions killed, or it is away for seconds; the step knows nothing of it. */
export const sshdRestarted: Scenario = {
  name: 'node-sshd-restarted',
  missing: () => missingForNodes(),
  run: (round) =>
    withNodes(round, { network }, async (stage) => {
      await stage.house.startWorker({ id: 'first' });
      const { runId } = await stage.apply([{ name: 'box', slot: 'plain' }], {
        apply: 'echo before; hold sshd; echo after',
      });
      await stage.held(node, 'sshd');
      await upset(round, await stage.node(node));
      await stage.letGo(node, 'sshd');
      await stage.ends(runId);
      mustEqual('starts on the node', startsOf(await stage.book(node), 'witness', 'apply'), 1);
      mustEqual('attempts', await stage.attempts(key), [{ state: 'done', code: null }]);
      const said = (await stage.log(key)).split('\n').filter((line) => line === 'before' || line === 'after');
      mustEqual('lines of the log', said, ['before', 'after']);
    }),
};

async function upset(round: Round, node: NodeOnHost): Promise<void> {
  const kind = Math.floor(round.random() * 3);
  if (kind === 0) {
    round.note('restarted, sessions left');
    await node.run('systemctl restart ssh');
    return;
  }
  const awayMs = kind === 1 ? 0 : 2_000 + round.random() * 4_000;
  round.note(`sessions killed, away for ${Math.round(awayMs)} ms`);
  await node.run('systemctl stop ssh');
  for (const pid of await node.processes('sshd')) process.kill(pid, 'SIGKILL');
  await sleep(awayMs);
  await node.run('systemctl start ssh');
}
