/** What the exit codes of scripts on real nodes come to. */
import { workOf } from '@formwork/core';
import { readEvents } from '@formwork/db';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { House } from '../support/house.ts';
import { openStage, type Stage } from '../support/stage.ts';
import { until } from '../support/until.ts';

const node = 'codes-box-1';
const key = `probe@${node}`;
const specification = (
  params: object,
  groups: readonly object[] = [{ name: 'box', roles: ['probe'], count: 1, site: 'here' }],
): string => JSON.stringify({ name: 'codes', workflow: 'probe', params, groups });

describe('an attempt on a node', () => {
  let stage: Stage;
  let house: House;
  const apply = async (params: object): Promise<{ readonly state: string; readonly runId: string }> => {
    const { runId } = await house.apply(specification({ probe: params }));
    return { runId, state: await house.runEnd(runId) };
  };
  const probe = () => house.nodeRole('codes', key);
  const runs = async (step: string): Promise<number> =>
    Number(await house.ssh('codes', node, `grep -c '^probe ${step} ' /var/lib/probe/runs || true`));
  const eventsOf = async (runId: string) => {
    const { id } = await probe();
    return (await readEvents(house.db, { after: 0, limit: 1_000, runId, nodeRoleId: id })).map(({ kind, data }) => ({
      kind,
      data,
    }));
  };

  beforeAll(async () => {
    stage = await openStage();
    ({ house } = stage);
    await stage.addLocalNodes({ name: 'here', driver: 'plain', network: 1 });
    await house.startWorker();
    expect(await apply({})).toMatchObject({ state: 'succeeded' });
  });
  afterAll(() => stage.close());

  it('is tried again after 75, later each time, and then goes on', async () => {
    const before = await probe();
    const { runId, state } = await apply({
      apply:
        'tries=$(cat "$book/tries" 2>/dev/null || echo 0); echo $((tries + 1)) >"$book/tries"; [ "$tries" -ge 2 ] || exit 75',
    });
    expect(state).toBe('succeeded');
    const failed = (await eventsOf(runId)).filter(({ kind }) => kind === 'node-role.failed');
    expect(failed).toHaveLength(2);
    expect(failed.every(({ data }) => typeof data['retryAtMs'] === 'number')).toBe(true);
    const after = await probe();
    expect(after.attempt).toBe(before.attempt + 3);
    expect(after.applied?.clean).toBe(true);
    const pauses = await house.db.query<{ ms: number }>(
      `SELECT EXTRACT(EPOCH FROM a.started_at - lag(a.ended_at) OVER (ORDER BY a.number)) * 1000 AS ms
       FROM attempts a WHERE a.node_role_id = $1 AND a.number > $2 ORDER BY a.number`,
      [after.id, before.attempt],
    );
    // A second, then two: the policy's back-off doubles, by the times the database wrote down.
    expect(Number(pauses[1]?.ms)).toBeGreaterThanOrEqual(1_000);
    expect(Number(pauses[2]?.ms)).toBeGreaterThanOrEqual(2_000);
  });

  it('gives up after the attempts of its policy', async () => {
    const before = await probe();
    const { state } = await apply({ apply: 'echo still unwell; exit 75' });
    expect(state).toBe('failed');
    const after = await probe();
    expect(after.attempt).toBe(before.attempt + 3);
    expect(after.state).toMatchObject({ state: 'failed', retryAtMs: null, error: { kind: 'transient' } });
    expect(JSON.stringify(after.state)).toContain('still unwell');
  });

  it('fails with its verify, is not clean, and runs again when the parameter is taken back', async () => {
    expect(await apply({ label: 'good' })).toMatchObject({ state: 'succeeded' });
    const good = await probe();
    expect(good.applied?.clean).toBe(true);
    const applies = await runs('apply');

    const { state } = await apply({ label: 'good', verify: 'echo not well; exit 3' });
    expect(state).toBe('failed');
    const failed = await probe();
    expect(failed.state).toMatchObject({ state: 'failed', error: { kind: 'failed', code: 'verify-exit-3' } });
    expect(failed.applied).toMatchObject({ clean: false, inputHash: good.applied?.inputHash });
    expect(await runs('apply')).toBe(applies + 1);

    // The inputs are again those that were applied last, but what stands on the node is the failed try.
    const back = await house.apply(specification({ probe: { label: 'good' } }));
    expect(back.planned).toBe(1);
    expect(await house.runEnd(back.runId)).toBe('succeeded');
    expect(await runs('apply')).toBe(applies + 2);
    expect((await probe()).applied).toMatchObject({ clean: true, inputHash: good.applied?.inputHash });
    expect((await house.apply(specification({ probe: { label: 'good' } }))).planned).toBe(0);
  });

  it('waits after 76 with its reason and its lock, and goes on as the same attempt', async () => {
    const waits =
      '[ -e "$book/go-76" ] || { echo "the moon is not up" >"$FW_DIR/why"; echo 300 >"$FW_DIR/retry-after-ms"; exit 76; }';
    const groups = [
      { name: 'box', roles: ['probe'], count: 1, site: 'here' },
      { name: 'pair', roles: ['locked'], count: 2, site: 'here' },
    ];
    const { runId } = await house.apply(specification({ probe: { label: 'good' }, locked: { apply: waits } }, groups));
    const pair = async () => (await house.nodeRoles('codes')).filter(({ role }) => role === 'locked');
    const waiting = await until(
      'one of the two waits',
      async () => (await pair()).find((row) => row.state.state === 'waiting') ?? null,
      (row) => row !== null,
    );
    expect(waiting?.state).toMatchObject({ why: 'the moon is not up', attempt: 1 });
    const other = waiting?.key.endsWith('-1') === true ? 'locked@codes-pair-2' : 'locked@codes-pair-1';
    // Over several looks the lock stays with it, and the other one says whom it waits for.
    await until(
      'it has looked again and again',
      async () => (await house.nodeRole('codes', waiting?.key ?? '')).fence,
      (fence) => fence >= 4,
    );
    const reasons = await until(
      'the other waits for the lock',
      async () => (await house.reasons('codes')).get(other) ?? [],
      ([reason]) => reason?.kind === 'waiting-for-lock',
    );
    expect(reasons).toEqual([{ kind: 'waiting-for-lock', lock: 'probe-lock', holder: waiting?.key }]);
    expect((await house.nodeRole('codes', other)).everStarted).toBe(false);

    for (const name of ['codes-pair-1', 'codes-pair-2'])
      await house.ssh('codes', name, 'mkdir -p /var/lib/probe; touch /var/lib/probe/go-76');
    expect(await house.runEnd(runId)).toBe('succeeded');
    expect((await pair()).map((row) => row.attempt)).toEqual([1, 1]);
  });
});

describe('an attempt that asks for a reboot', () => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await openStage();
    await stage.addLocalNodes({ name: 'here', driver: 'nspawn', network: 2 });
    await stage.house.startWorker();
  });
  afterAll(() => stage.close());

  it('has the node restarted once, verifies on the new boot and is done as the same attempt', async () => {
    const { house } = stage;
    const note = 'cat /proc/sys/kernel/random/boot_id >>"$book/boots"';
    const { runId } = await house.apply(
      JSON.stringify({
        name: 'boot',
        workflow: 'probe',
        params: { probe: { apply: `${note}; exit 77`, verify: note } },
        groups: [{ name: 'box', roles: ['follower'], count: 1, site: 'here' }],
      }),
    );
    expect(await house.runEnd(runId)).toBe('succeeded');
    const row = await house.nodeRole('boot', 'probe@boot-box-1');
    expect(row).toMatchObject({ attempt: 1, state: { state: 'active' } });
    expect(workOf(row.state)).toBeNull();
    const seen = (await house.ssh('boot', 'boot-box-1', 'cat /var/lib/probe/boots')).split('\n');
    expect(seen).toHaveLength(2);
    expect(new Set(seen).size).toBe(2);
    expect(await house.ssh('boot', 'boot-box-1', 'cat /proc/sys/kernel/random/boot_id')).toBe(seen[1]);
    expect(await house.ssh('boot', 'boot-box-1', 'cat /var/lib/probe/runs')).toBe(
      'probe apply run\nprobe verify run\nfollower apply run',
    );
    const waits = await house.events('node-role.pended');
    expect(waits.filter(({ data }) => data['why'] === 'the node restarts')).toHaveLength(1);
  });
});
