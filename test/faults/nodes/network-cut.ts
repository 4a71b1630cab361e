import { setTimeout as sleep } from 'node:timers/promises';
import { until } from '../../support/until.ts';
import type { Round, Scenario } from '../scenario.ts';
import { startsOf } from './book.ts';
import { must, mustEqual } from './expect.ts';
import { missingForNodes } from './needs.ts';
import { host } from './node-on-host.ts';
import { type NodeStage, withNodes } from './node-stage.ts';

const network = 31;
const lines = 60;
const key = 'witness@edge-box-1';
const node = 'edge-box-1';

/** The node is out of reach while a step runs and says a line every tenth of a second; no line and no byte is missed. */
export const networkCut: Scenario = {
  name: 'node-network-cut',
  missing: () => missingForNodes('nft', 'ss'),
  run: (round) =>
    withNodes(round, { network }, async (stage) => {
      await stage.house.startWorker({ id: 'first' });
      const talk = `hold cut; i=0; while [ $i -lt ${lines} ]; do i=$((i + 1)); echo "line $i of it"; sleep 0.1; done`;
      const { runId } = await stage.apply([{ name: 'box', slot: 'plain' }], { apply: talk });
      await stage.held(node, 'cut');
      const before = await connections(stage);
      must(before.length > 0, 'the worker has no connection to the node');
      await stage.letGo(node, 'cut');
      await sleep(300 + round.random() * 2_000);
      const broken = round.random() < 0.7;
      await cut(stage, round, broken);
      const after = await until(
        'the worker is connected again',
        () => connections(stage),
        (ports) => ports.length > 0,
      );
      if (broken)
        must(
          after.every((port) => !before.includes(port)),
          'the connection was not broken by the cut',
        );
      await stage.ends(runId);
      mustEqual('starts on the node', startsOf(await stage.book(node), 'witness', 'apply'), 1);
      mustEqual('attempts', await stage.attempts(key), [{ state: 'done', code: null }]);
      const wanted = Array.from({ length: lines }, (_, index) => `line ${index + 1} of it`);
      const log = await stage.log(key);
      mustEqual(
        'lines of the log',
        log.split('\n').filter((line) => line.startsWith('line ')),
        wanted,
      );
      mustEqual(
        'ends of the log',
        [log.startsWith('[formwork] apply\n'), /\[formwork\] verify\n[^\n]*\n$/.test(log)],
        [true, true],
      );
    }),
};

/** Local ports of this host's connections to the node's sshd. */
async function connections(stage: NodeStage): Promise<readonly string[]> {
  const { address } = await stage.node(node);
  const text = await host('ss', '-Htn', 'state', 'established', 'dst', address, 'dport', '=', ':22');
  return text
    .split('\n')
    .filter(Boolean)
    .map((line) => line.split(/\s+/)[2] ?? '');
}

/** Silent: the cable is out for a while, TCP bridges it. Broken: a firewall answers with resets until it is taken away. */
async function cut(stage: NodeStage, round: Round, broken: boolean): Promise<void> {
  const { address, link } = await stage.node(node);
  const forMs = 1_500 + round.random() * 3_500;
  round.note(`network ${broken ? 'refused' : 'silent'} for ${Math.round(forMs)} ms`);
  if (!broken) {
    await host('ip', 'link', 'set', link, 'down');
    await sleep(forMs);
    await host('ip', 'link', 'set', link, 'up');
    return;
  }
  const table = `fwfault${network}`;
  const chain = ['ip', table, 'out'];
  await host('nft', 'add', 'table', 'ip', table);
  try {
    await host('nft', 'add', 'chain', ...chain, '{ type filter hook output priority 0; }');
    await host('nft', 'add', 'rule', ...chain, `ip daddr ${address} meta l4proto tcp reject with tcp reset`);
    await until(
      'the connection is broken',
      () => connections(stage),
      (ports) => ports.length === 0,
    );
    await sleep(forMs);
  } finally {
    await host('nft', 'delete', 'table', 'ip', table);
  }
}
