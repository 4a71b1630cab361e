import type { Scenario } from '../scenario.ts';
import { startsOf } from './book.ts';
import { must, mustEqual } from './expect.ts';
import { missingForNodes } from './needs.ts';
import { type Group, withNodes } from './node-stage.ts';

const network = 37;
const key = 'witness@edge-small-1';
const groups: readonly Group[] = [
  { name: 'small', slot: 'plain', size: { cpus: 1, memoryGiB: 1, diskGiB: 1 } },
  { name: 'roomy', slot: 'plain' },
];

/** Takes all that is left: most of it by reservation, which writes nothing on this host, the rest by the byte. */
const fill =
  'fallocate -l "$(df --output=avail -B1 / | tail -n 1)" /fill; dd if=/dev/zero of=/rest bs=4096; dd if=/dev/zero of=/rest2 bs=1 count=9000';
/** Fills the disk, says much more than a block of log holds, and cannot write what it has to. */
const greedy = `case $FW_NODE in *-small-1) [ -e "$book/go-disk" ] || { hold disk; ${fill}; seq 1 20000; echo data >/data; } ;; *) hold disk ;; esac`;

/** A node's disk is full when a step is launched, or fills up in mid-step: a clear failure, healed by room and a retry. */
export const diskFull: Scenario = {
  name: 'node-disk-full',
  missing: () => missingForNodes('mkfs.ext4', 'losetup'),
  run: (round) =>
    withNodes(round, { network }, async (stage) => {
      await stage.house.startWorker({ id: 'first' });
      await stage.ends((await stage.apply(groups)).runId);
      const small = await stage.node('edge-small-1');
      const inMidStep = round.random() < 0.5;
      round.note(inMidStep ? 'fills up in mid-step' : 'full at the launch');
      if (!inMidStep) await small.run(`${fill}; true`).catch(() => '');
      const { runId } = await stage.apply(groups, { apply: inMidStep ? greedy : 'hold disk' });
      await stage.held('edge-roomy-1', 'disk');
      if (inMidStep) {
        await stage.held('edge-small-1', 'disk');
        await stage.letGo('edge-small-1', 'disk');
      }
      await stage.letGo('edge-roomy-1', 'disk');
      await stage.ends(runId, 'failed');
      mustEqual('the other node', (await stage.nodeRole('witness@edge-roomy-1')).state, { state: 'active' });
      const { state } = await stage.nodeRole(key);
      must(
        state.state === 'failed' && /No space left on device/.test(state.error.message),
        `it is ${JSON.stringify(state)}`,
      );
      const tries = (await stage.attempts(key)).length;
      mustEqual(
        'starts of what failed',
        startsOf(await stage.book('edge-small-1'), 'witness', 'apply'),
        inMidStep ? 2 : 1,
      );
      mustEqual('tries', tries, 2);

      await small.run('rm -f /fill /rest /rest2 /data');
      await stage.retry(key);
      if (!inMidStep) {
        await stage.held('edge-small-1', 'disk');
        await stage.letGo('edge-small-1', 'disk');
      }
      await stage.ends(runId);
    }),
};
