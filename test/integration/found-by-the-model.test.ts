/** Interleavings that packages/core/src/model found, on the real engine: what is late, and what nobody wants any more. */
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { claimNodeRoles, recordLook } from '@formwork/db';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type House, probePack } from '../support/house.ts';
import { openStage, type Stage } from '../support/stage.ts';
import { storePacks } from '../support/store-packs.ts';
import { until } from '../support/until.ts';

const bundled = path.resolve(import.meta.dirname, '../../content/base');
const hourMs = 3_600_000;

describe('what the model found', () => {
  let stage: Stage;
  let house: House;
  const newer = mkdtempSync(path.join(tmpdir(), 'formwork-pack-'));
  beforeAll(async () => {
    stage = await openStage();
    ({ house } = stage);
    // The same pack, where the slots mean other roles: what they meant before is not wanted any more.
    cpSync(probePack, newer, { recursive: true });
    replaceIn('pack.yaml', 'version: 1.0.0', 'version: 1.1.0');
    replaceIn('workflows/probe.yaml', 'probe: [probe]', 'probe: [probe-checked]');
    replaceIn('workflows/probe.yaml', 'follower: [probe, follower]', 'follower: [probe]');
    await storePacks(house.db, [bundled, newer]);
    await house.startWorker();
  });
  afterAll(async () => {
    await stage.close();
    rmSync(newer, { recursive: true, force: true });
  });

  const replaceIn = (file: string, from: string, to: string): void => {
    const name = path.join(newer, file);
    writeFileSync(name, readFileSync(name, 'utf8').replace(from, to));
  };

  const specification = (name: string, role: string, count = 1, version = '1.0.0'): string =>
    JSON.stringify({
      name,
      workflow: 'probe',
      packs: { probe: version },
      groups: [{ name: 'box', roles: [role], count, site: name }],
    });
  const quick = { bootMs: 10, destroyMs: 10 };
  const applied = async (text: string) => house.runEnd((await house.apply(text)).runId);
  const stateOf = async (name: string, key: string) =>
    (await house.nodeRoles(name)).find((row) => row.key === key)?.state;

  it('ends a run that wants back what its former removal took away after all', async () => {
    await house.addSite('back', 'sim', { ...quick, steps: { defaultMs: 20, roles: { probe: 1_500 } } });
    expect(await applied(specification('back', 'probe'))).toBe('succeeded');
    await house.apply(specification('back', 'probe', 1, '1.1.0'));
    await until('its removal runs', async () => {
      const state = await stateOf('back', 'probe@back-box-1');
      return state?.state === 'removing' && state.work.phase === 'running';
    });
    expect(await applied(specification('back', 'probe'))).toBe('failed');
    expect(await applied(specification('back', 'probe'))).toBe('succeeded');
    expect(await stateOf('back', 'probe@back-box-1')).toEqual({ state: 'active' });
  });

  it('does not end a run while what it does not want is still at work', async () => {
    await house.addSite('unwanted', 'sim', { ...quick, steps: { defaultMs: 20, roles: { follower: hourMs } } });
    await house.apply(specification('unwanted', 'follower'));
    await until('it runs', async () => (await stateOf('unwanted', 'follower@unwanted-box-1'))?.state === 'running');
    expect(await applied(specification('unwanted', 'follower', 1, '1.1.0'))).toBe('succeeded');
    expect((await house.nodeRoles('unwanted')).map((row) => row.key).sort()).toEqual([
      'machine@unwanted-box-1',
      'probe@unwanted-box-1',
    ]);
  });

  it('lets a machine go only after what is at work on it, in whatever lane', async () => {
    await house.addSite('lanes', 'sim', { ...quick, steps: { defaultMs: 20, roles: { 'lane-two': hourMs } } });
    await house.apply(specification('lanes', 'lanes', 2));
    await until('it runs', async () => (await stateOf('lanes', 'lane-two@lanes-box-2'))?.state === 'running');
    await house.apply(specification('lanes', 'lanes', 1));
    await until('its machine is gone', async () => (await stateOf('lanes', 'machine@lanes-box-2')) === undefined);
    expect((await house.nodeRoles('lanes')).filter((row) => row.key.endsWith('-2'))).toEqual([]);
    const run = await house.destroy('lanes');
    expect(await house.runEnd(run.runId)).toBe('succeeded');
  });

  it('brings no machine back by a look that comes too late', async () => {
    await house.addSite('look', 'sim', { ...quick, steps: { defaultMs: 20 } });
    expect(await applied(specification('look', 'probe', 2))).toBe('succeeded');
    const node = await house.node('look', 'look-box-2');
    expect(await applied(specification('look', 'probe', 1))).toBe('succeeded');
    await house.db.transaction((tx) => recordLook(tx, node.id, { state: 'unreachable', lost: true }, 'test'));
    expect((await house.apply(specification('look', 'probe', 1))).planned).toBe(0);
  });

  it('does not cut a wait short when a job comes twice', async () => {
    const faults = [{ kind: 'not-yet', probability: 1, times: 1, retryAfterMs: hourMs, roles: ['probe'] }];
    await house.addSite('twice', 'sim', { ...quick, steps: { defaultMs: 20 }, faults });
    await house.apply(specification('twice', 'probe'));
    const key = 'probe@twice-box-1';
    await until('it waits', async () => (await stateOf('twice', key))?.state === 'waiting');
    const row = await house.nodeRole('twice', key);
    // Nothing was driven but its start, so that was the first dispatch.
    const again = await house.db.transaction((tx) =>
      claimNodeRoles(tx, [
        {
          nodeRoleId: row.id,
          dispatch: 1,
          worker: 'another',
          attemptId: row.id,
          action: 'run',
          phase: 'apply',
          version: row.version,
          prepared: null,
          runsOnNodeId: null,
        },
      ]),
    );
    expect(again).toEqual([{ ok: false, why: 'stale' }]);
    const run = await house.destroy('twice');
    expect(await house.runEnd(run.runId)).toBe('succeeded');
  });
});
