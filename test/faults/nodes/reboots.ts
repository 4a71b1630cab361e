import { until } from '../../support/until.ts';
import type { Round, Scenario } from '../scenario.ts';
import { startsOf } from './book.ts';
import { must, mustEqual } from './expect.ts';
import { missingForNodes } from './needs.ts';
import { type NodeStage, withNodes } from './node-stage.ts';

const network = 34;

/**
 * Three nodes restart in the middle of a script: one because the script asks for it, two unasked, of which one has a
 * role that can tell what was done.
 */
export const reboots: Scenario = {
  name: 'node-reboots',
  missing: () => missingForNodes(),
  run: (round) =>
    withNodes(round, { network }, async (stage) => {
      const { house } = stage;
      await house.startWorker({ id: 'first' });
      const once = `[ -e "$book/held" ] || hold power`;
      const apply = `case $FW_NODE in *-asks-*) echo asking; exit 77 ;; *) ${once} ;; esac`;
      const { runId } = await stage.apply(
        [
          { name: 'asks', slot: 'plain' },
          { name: 'bare', slot: 'plain' },
          { name: 'checked', slot: 'checked' },
        ],
        { apply },
      );
      for (const name of ['edge-bare-1', 'edge-checked-1']) {
        await stage.held(name, 'power');
        await restart(round, stage, name);
      }
      await stage.ends(runId, 'failed');

      const asks = await stage.book('edge-asks-1');
      mustEqual(
        'steps where it was asked for',
        asks.filter(({ word }) => word === 'start').map(({ step }) => step),
        ['apply', 'verify'],
      );
      must(new Set(asks.map(({ boot }) => boot)).size === 2, 'verify ran in the boot that asked for another');
      must(new Set(asks.map(({ attempt }) => attempt)).size === 1, 'the reboot that was asked for cost an attempt');
      mustEqual('attempts where it was asked for', await stage.attempts('witness@edge-asks-1'), [
        { state: 'done', code: null },
      ]);

      const bare = await stage.nodeRole('witness@edge-bare-1');
      must(
        bare.state.state === 'failed' && bare.state.error.kind === 'lost' && bare.state.retryAtMs === null,
        `without a check it is ${JSON.stringify(bare.state)}`,
      );
      mustEqual('attempts without a check', await stage.attempts('witness@edge-bare-1'), [
        { state: 'failed', code: 'lost' },
      ]);
      mustEqual('starts without a check', startsOf(await stage.book('edge-bare-1'), 'witness', 'apply'), 1);

      mustEqual('attempts with a check', await stage.attempts('witness-checked@edge-checked-1'), [
        { state: 'failed', code: 'lost' },
        { state: 'done', code: null },
      ]);
      mustEqual('starts with a check', startsOf(await stage.book('edge-checked-1'), 'witness-checked', 'apply'), 2);
      // A person says that it may be run again.
      await stage.retry('witness@edge-bare-1');
      await stage.ends(runId);
    }),
};

/** From inside in good order, from inside at once, or by the provider as if the cable were pulled. */
async function restart(round: Round, stage: NodeStage, name: string): Promise<void> {
  const { house, site } = stage;
  const kind = Math.floor(round.random() * 3);
  round.note(`${name} ${['systemctl reboot', 'reboot at once', 'power cycle'][kind] ?? ''}`);
  if (kind < 2) {
    await (await stage.node(name))
      .run(kind === 0 ? 'systemctl reboot' : 'systemctl reboot --force --force')
      .catch(() => '');
    return;
  }
  const { id: nodeId } = await house.node('edge', name);
  await until(
    `${name} has restarted`,
    () => house.ask(site.siteId, 'power', { nodeId, state: 'cycle' }),
    (answer) => JSON.stringify(answer).includes('"done"'),
  );
}
