/** Scripts that vanish, and scripts that are told to. */
import { cancelRun, type FullNodeRoleRow } from '@formwork/db';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { House } from '../support/house.ts';
import type { LocalNodes } from '../support/local-nodes.ts';
import { openStage, type Stage } from '../support/stage.ts';
import { until } from '../support/until.ts';

describe('what ran on a node', () => {
  let stage: Stage;
  let house: House;
  let site: LocalNodes;
  const specification = (name: string, params: object, groups: readonly object[], workflow = 'probe'): string =>
    JSON.stringify({ name, workflow, params, groups: groups.map((group) => ({ count: 1, site: 'here', ...group })) });
  const begun = (deployment: string, node: string, name: string): Promise<unknown> =>
    until(`${name} runs on ${node}`, () =>
      house.ssh(deployment, node, `grep -cx ${name} /var/lib/probe/held`).catch(() => ''),
    );
  const attemptsOf = (row: FullNodeRoleRow) =>
    house.db.query<{ state: string; code: string | null }>(
      `SELECT state, error->>'code' AS code FROM attempts WHERE node_role_id = $1 ORDER BY number`,
      [row.id],
    );

  beforeAll(async () => {
    stage = await openStage();
    ({ house } = stage);
    site = await stage.addLocalNodes({ name: 'here', driver: 'plain', network: 3 });
    await house.startWorker({ id: 'first' });
  });
  afterAll(() => stage.close());

  it('is lost with the node that restarted unasked, and tried again where the role can tell or says so', async () => {
    const once = '[ -e "$book/held" ] || hold power';
    const { runId } = await house.apply(
      specification(
        'lost',
        { probe: { apply: once }, 'probe-checked': { apply: once }, 'probe-listed': { apply: once } },
        [
          { name: 'bare', roles: ['probe'] },
          { name: 'checked', roles: ['checked'] },
          { name: 'listed', roles: ['listed'] },
        ],
      ),
    );
    const names = ['lost-bare-1', 'lost-checked-1', 'lost-listed-1'];
    for (const name of names) await begun('lost', name, 'power');
    for (const name of names) {
      const { id: nodeId } = await house.node('lost', name);
      await until(
        `${name} has restarted`,
        () => house.ask(site.siteId, 'power', { nodeId, state: 'cycle' }),
        (answer) => JSON.stringify(answer).includes('"done"'),
      );
    }
    expect(await house.runEnd(runId)).toBe('failed');

    const bare = await house.nodeRole('lost', 'probe@lost-bare-1');
    expect(bare.state).toMatchObject({ state: 'failed', error: { kind: 'lost', code: 'lost' }, retryAtMs: null });
    expect(await attemptsOf(bare)).toEqual([{ state: 'failed', code: 'lost' }]);
    for (const key of ['probe-checked@lost-checked-1', 'probe-listed@lost-listed-1']) {
      const row = await house.nodeRole('lost', key);
      expect(row.state).toEqual({ state: 'active' });
      expect(await attemptsOf(row)).toEqual([
        { state: 'failed', code: 'lost' },
        { state: 'done', code: null },
      ]);
    }
  });

  it('is killed on the node when the run is cancelled, children and all, and proved gone', async () => {
    const { deploymentId } = await house.apply(
      specification('cancel', { probe: { apply: 'sleep 98765 & setsid sleep 98766 & hold cancel' } }, [
        { name: 'box', roles: ['probe'] },
      ]),
    );
    await begun('cancel', 'cancel-box-1', 'cancel');
    const runId = await house.db.transaction((tx) => cancelRun(tx, deploymentId, 'test'));
    expect(await house.runEnd(runId)).toBe('cancelled');
    const row = await until(
      'the node-role rests',
      () => house.nodeRole('cancel', 'probe@cancel-box-1'),
      ({ state }) => state.state !== 'running',
    );
    expect(row.state).toEqual({ state: 'blocked' });
    expect(await attemptsOf(row)).toEqual([{ state: 'aborted', code: null }]);
    const still =
      'for f in /proc/[0-9]*/cmdline; do tr "\\0" " " <$f 2>/dev/null | grep -x "sleep 9876[56] " || true; done';
    expect(await house.ssh('cancel', 'cancel-box-1', still)).toBe('');

    // What was cancelled can be wanted again.
    const again = await house.apply(
      specification('cancel', { probe: { apply: 'true' } }, [{ name: 'box', roles: ['probe'] }]),
    );
    expect(await house.runEnd(again.runId)).toBe('succeeded');
  });

  it('goes on where it was started when another worker takes over a script of the deployment', async () => {
    const { runId } = await house.apply(
      specification(
        'floor',
        { 'floor-check': { apply: 'hold floor' } },
        [{ name: 'box', roles: ['probe'], count: 3 }],
        'floor',
      ),
    );
    const names = [1, 2, 3].map((ordinal) => `floor-box-${ordinal}`);
    const heldBy = async (): Promise<readonly string[]> => {
      const counts = await Promise.all(
        names.map((name) => house.ssh('floor', name, 'cat /var/lib/probe/held 2>/dev/null || true').catch(() => '')),
      );
      return names.filter((_, index) => counts[index] === 'floor');
    };
    const [holder] = await until('it runs on one node', heldBy, (found) => found.length > 0);
    await house.startWorker({ id: 'second' });
    await house.stopWorker('first');
    const claims = () => house.db.query<{ worker: string }>('SELECT worker FROM claims');
    await until('the second worker has it', claims, ([claim]) => claim?.worker === 'second');
    // It has looked at the node by the time that its log is heard again.
    await house.ssh('floor', holder ?? '', 'touch /var/lib/probe/go-floor');
    expect(await house.runEnd(runId)).toBe('succeeded');
    expect(await heldBy()).toEqual([holder]);
    expect(await attemptsOf(await house.nodeRole('floor', 'floor-check'))).toEqual([{ state: 'done', code: null }]);
  });

  it('is not started by a launch that comes late, from a worker that slept between claim and launch', async () => {
    const group = [{ name: 'box', roles: ['probe'] }];
    expect(await house.runEnd((await house.apply(specification('late', {}, group))).runId)).toBe('succeeded');
    await house.stopWorker('second');
    const awake = deferred();
    const late: string[] = [];
    await house.startWorker({
      id: 'sleeper',
      runnerOf: (runner) => ({
        ...runner,
        async runScript(launch, target, options) {
          await awake.promise;
          // Not even its lost lease is known to it.
          const result = await runner.runScript(launch, target, { ...options, signal: new AbortController().signal });
          late.push(result.kind);
          return result;
        },
      }),
    });
    const { runId } = await house.apply(specification('late', { probe: { apply: 'hold late' } }, group));
    const claims = () => house.db.query<{ worker: string; fence: number }>('SELECT worker, fence FROM claims');
    await until('it is claimed', claims, ([claim]) => claim?.worker === 'sleeper');
    await house.startWorker({ id: 'third' });
    // The lease runs out unrenewed. The sleeper's heart beats on, so its time is taken from it again and again.
    await until(
      'the third worker has it',
      async () => {
        await house.db.query(
          `UPDATE claims SET lease_until = clock_timestamp() - interval '1 second' WHERE worker = 'sleeper'`,
        );
        return claims();
      },
      ([claim]) => claim?.worker === 'third',
    );
    await begun('late', 'late-box-1', 'late');
    awake.resolve();
    await until(
      'the late launch has been answered',
      () => late,
      (kinds) => kinds.length > 0,
    );
    await house.ssh('late', 'late-box-1', 'touch /var/lib/probe/go-late');
    expect(await house.runEnd(runId)).toBe('succeeded');
    // It may have claimed it more than once in its sleep.
    expect(new Set(late)).toEqual(new Set(['fenced']));
    expect(await house.ssh('late', 'late-box-1', 'cat /var/lib/probe/held')).toBe('late');
  });
});

/** Promise.withResolvers, which Node 20 has not. */
function deferred(): { readonly promise: Promise<void>; readonly resolve: () => void } {
  let resolve = (): void => undefined;
  const promise = new Promise<void>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}
