/** Providers that have nothing left, slow us down, lie or fail: what the engine makes of it. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { House } from '../support/house.ts';
import { openStage, type Stage } from '../support/stage.ts';
import { until } from '../support/until.ts';

const quick = { bootMs: 20, destroyMs: 10, steps: { defaultMs: 10 } };

// Each case has a site and a deployment of its own, so their waits may pass at the same time.
describe.concurrent('a provider that fails', () => {
  let stage: Stage;
  let house: House;
  const sites = new Map<string, string>();
  const specification = (name: string, count: number): string =>
    JSON.stringify({ name, workflow: 'probe', groups: [{ name: 'box', roles: ['probe'], count, site: name }] });
  /** A site of its own for each case, named as its deployment. */
  const apply = async (name: string, count: number, faults: readonly object[]): Promise<string> => {
    sites.set(name, await house.addSite(name, 'sim', { ...quick, faults }));
    return (await house.apply(specification(name, count))).runId;
  };
  const owned = async (name: string): Promise<number> => {
    const answer = await house.ask(sites.get(name) ?? '', 'leak-check', {
      deploymentId: (await house.node(name, `${name}-box-1`)).deploymentId ?? '',
    });
    return JSON.stringify(answer).split('"kind"').length - 1;
  };
  const allActive = async (name: string): Promise<boolean> =>
    (await house.nodeRoles(name)).every((row) => row.state.state === 'active');

  beforeAll(async () => {
    stage = await openStage();
    ({ house } = stage);
    await house.startWorker();
  });
  afterAll(() => stage.close());

  it('without capacity here has it at the next candidate', async ({ expect }) => {
    const runId = await apply('full', 3, [{ kind: 'capacity', candidates: 1 }]);
    expect(await house.runEnd(runId)).toBe('succeeded');
    for (const ordinal of [1, 2, 3]) expect((await house.node('full', `full-box-${ordinal}`)).candidate).toBe(1);
    expect(await allActive('full')).toBe(true);
  });

  it('that throttles is waited for, and no try is counted', async ({ expect }) => {
    const faults = [{ kind: 'throttled', operations: ['ensure'], calls: { from: 1, to: 4 }, retryAfterMs: 100 }];
    expect(await house.runEnd(await apply('slow', 2, faults))).toBe('succeeded');
    expect((await house.nodeRoles('slow')).map((row) => row.attempt)).toEqual([1, 1, 1, 1]);
  });

  it('that is away for a while is tried again', async ({ expect }) => {
    const faults = [{ kind: 'unavailable', operations: ['observe'], calls: { from: 1, to: 2 } }];
    expect(await house.runEnd(await apply('away', 1, faults))).toBe('succeeded');
    expect((await house.nodeRole('away', 'machine@away-box-1')).attempt).toBeGreaterThan(1);
  });

  it('whose answer to a create is lost makes one machine and not two', async ({ expect }) => {
    expect(await house.runEnd(await apply('deaf', 3, [{ kind: 'create-lost' }]))).toBe('succeeded');
    expect(await owned('deaf')).toBe(3);
  });

  it('that knows us no more in mid-run fails with its reason, and what was made stays known', async ({ expect }) => {
    const runId = await apply('auth', 2, [{ kind: 'auth', operations: ['ensure'], nodes: ['auth-box-2'] }]);
    expect(await house.runEnd(runId)).toBe('failed');
    const { state } = await house.nodeRole('auth', 'machine@auth-box-2');
    expect(state).toMatchObject({ state: 'failed', error: { kind: 'failed' }, retryAtMs: null });
    expect(JSON.stringify(state)).toMatch(/credential|denied|auth|key/i);
    expect((await house.nodeRole('auth', 'probe@auth-box-1')).state).toEqual({ state: 'active' });
    expect((await house.reasons('auth')).get('probe@auth-box-2')).toEqual([
      { kind: 'blocked-by-failed', keys: ['machine@auth-box-2'] },
    ]);
  });

  it('whose machine is never ready is given up when its time is over, and can be destroyed', async ({ expect }) => {
    const runId = await apply('never', 2, [{ kind: 'never-ready', nodes: ['never-box-2'] }]);
    const machine = await until(
      'it is waited for',
      () => house.nodeRole('never', 'machine@never-box-2').catch(() => null),
      (row) => row?.state.state === 'waiting',
    );
    // The role's time, ten minutes, passes.
    await house.db.query(`UPDATE attempts SET started_at = started_at - interval '1 hour' WHERE node_role_id = $1`, [
      machine?.id,
    ]);
    expect(await house.runEnd(runId)).toBe('failed');
    expect((await house.nodeRole('never', 'machine@never-box-2')).state).toMatchObject({
      state: 'failed',
      error: { kind: 'timeout' },
    });
    expect(await house.runEnd((await house.destroy('never')).runId)).toBe('succeeded');
    expect(await house.nodeRoles('never')).toEqual([]);
  });

  it('that fails to destroy, or says it did and did not, is asked until nothing is left', async ({ expect }) => {
    const faults = [
      { kind: 'failing-destroy', nodes: ['stuck-box-1'], times: 2 },
      { kind: 'lying-destroy', nodes: ['stuck-box-2'] },
    ];
    expect(await house.runEnd(await apply('stuck', 2, faults))).toBe('succeeded');
    const first = await house.destroy('stuck');
    let state = await house.runEnd(first.runId);
    // A destroy that failed can be asked for again as often as it takes.
    while (state !== 'succeeded') state = await house.runEnd((await house.destroy('stuck')).runId);
    expect(await house.nodeRoles('stuck')).toEqual([]);
    const [deployment] = await house.db.query<{ state: string; leaks: unknown }>(
      'SELECT state, leaks FROM deployments WHERE id = $1',
      [first.deploymentId],
    );
    expect(deployment).toEqual({ state: 'destroyed', leaks: [] });
  });
});

describe('many nodes', () => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await openStage();
    await stage.house.addSite('park', 'sim', { ...quick, bootMs: { min: 10, max: 100 } });
    await stage.house.startWorker({ slots: 64 });
  });
  afterAll(() => stage.close());

  it('all get their baseline, one step after the other on each', async () => {
    const { house } = stage;
    const run = await house.apply(
      JSON.stringify({
        name: 'many',
        workflow: 'base',
        groups: [{ name: 'host', roles: ['host'], count: 100, site: 'park' }],
      }),
    );
    expect(run.total).toBe(600);
    expect(await house.runEnd(run.runId)).toBe('succeeded');
    const rows = await house.nodeRoles('many');
    expect(rows).toHaveLength(600);
    expect(rows.filter((row) => row.state.state !== 'active')).toEqual([]);
    expect(rows.filter((row) => row.attempt !== 1)).toEqual([]);
  });
});
