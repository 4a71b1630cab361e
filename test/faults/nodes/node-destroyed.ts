import { createScriptRunner } from '@formwork/workflows';
import { until } from '../../support/until.ts';
import type { Scenario } from '../scenario.ts';
import { startsOf } from './book.ts';
import { must, mustEqual } from './expect.ts';
import { missingForNodes } from './needs.ts';
import { type Group, withNodes } from './node-stage.ts';

const network = 32;

/** A machine is taken away under a running step; the others go on, the loss is told, and a new one takes its place. */
export const nodeDestroyed: Scenario = {
  name: 'node-destroyed',
  missing: () => missingForNodes(),
  run: (round) =>
    withNodes(round, { network, replacesNodes: true }, async (stage) => {
      const { house, site } = stage;
      // The same runner with less patience for a node that does not answer, which is a minute.
      const runner = createScriptRunner({ reconnectGraceMs: 4_000, connectTimeoutMs: 3_000, keepaliveMs: 2_000 });
      try {
        await house.startWorker({ id: 'first', runnerOf: () => runner });
        const checked = round.random() < 0.5;
        const slot = checked ? 'checked' : 'plain';
        const role = checked ? 'witness-checked' : 'witness';
        const box = (more: Partial<Group>): Group => ({ name: 'box', slot, ...more });
        const { runId } = await stage.apply([box({ count: 2 })], { apply: 'hold snatched' });
        const names = ['edge-box-1', 'edge-box-2'];
        for (const name of names) await stage.held(name, 'snatched');
        const ordinal = round.random() < 0.5 ? 1 : 2;
        const gone = `edge-box-${ordinal}`;
        const kept = `edge-box-${3 - ordinal}`;
        round.note(`${gone} with ${role}`);
        await site.snatch(await house.node('edge', gone));
        await house.ask(site.siteId, 'observe');
        mustEqual('the node is told lost', (await house.node('edge', gone)).lost, true);
        await stage.letGo(kept, 'snatched');
        await until(
          'what ran on the lost node has failed',
          () => stage.nodeRole(`${role}@${gone}`),
          ({ state }) => state.state === 'failed',
        );
        const failed = (await stage.nodeRole(`${role}@${gone}`)).state;
        must(
          failed.state === 'failed' && failed.error.kind === 'unreachable',
          `it failed as ${JSON.stringify(failed)}`,
        );
        await stage.ends(runId, 'failed');
        mustEqual(`starts on ${kept}`, startsOf(await stage.book(kept), role, 'apply'), 1);

        const healed = await stage.apply([box({ count: 2, omit: [ordinal] })], { apply: 'hold snatched' });
        await stage.held('edge-box-3', 'snatched');
        await stage.letGo('edge-box-3', 'snatched');
        await stage.ends(healed.runId);
        mustEqual(`starts on ${kept} after all`, startsOf(await stage.book(kept), role, 'apply'), 1);
        mustEqual(
          'nodes',
          (await house.nodeRoles('edge'))
            .map(({ key }) => key)
            .filter((key) => key.startsWith(role))
            .sort(),
          [`${role}@${kept}`, `${role}@edge-box-3`],
        );
      } finally {
        await runner.close();
      }
    }),
};
