/** A new plan is approved while scripts of the former one run on real nodes. */
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type House, probePack } from '../support/house.ts';
import { openStage, type Stage } from '../support/stage.ts';
import { storePacks } from '../support/store-packs.ts';
import { until } from '../support/until.ts';

const bundled = path.resolve(import.meta.dirname, '../../content/base');
const node = 'plans-box-1';
const key = `probe@${node}`;
const stays = (name: string): string =>
  `echo "$(cat "$FW_DIR/in/params/probe.label")" >>"$book/labels"; [ -e "$book/go-${name}" ] || hold ${name}`;

describe('a plan that is superseded while it runs', () => {
  let stage: Stage;
  let house: House;
  const newer = mkdtempSync(path.join(tmpdir(), 'formwork-pack-'));
  const specification = (params: object, more: object = {}): string =>
    JSON.stringify({
      name: 'plans',
      workflow: 'probe',
      packs: { probe: '1.0.0' },
      params,
      groups: [{ name: 'box', roles: ['follower'], count: 1, site: 'here' }],
      ...more,
    });
  const begun = (name: string): Promise<unknown> =>
    until(`${name} runs`, () => house.ssh('plans', node, `grep -cx ${name} /var/lib/probe/held`).catch(() => ''));
  const letGo = (name: string): Promise<string> => house.ssh('plans', node, `touch /var/lib/probe/go-${name}`);
  const labels = async (): Promise<readonly string[]> =>
    (await house.ssh('plans', node, 'cat /var/lib/probe/labels')).split('\n');
  const runs = (role: string) =>
    house.ssh('plans', node, `grep -c "^${role} apply" /var/lib/probe/runs || true`).then(Number);

  beforeAll(async () => {
    stage = await openStage();
    ({ house } = stage);
    cpSync(probePack, newer, { recursive: true });
    const packFile = path.join(newer, 'pack.yaml');
    writeFileSync(packFile, readFileSync(packFile, 'utf8').replace('version: 1.0.0', 'version: 1.1.0'));
    writeFileSync(
      path.join(newer, 'roles/probe/apply.sh'),
      '#!/bin/sh\n. ./lib.sh\nbegin apply\nperform apply\necho newer >>"$book/newer"\n',
    );
    await storePacks(house.db, [bundled, newer]);
    await stage.addLocalNodes({ name: 'here', driver: 'plain', network: 4 });
    await house.startWorker();
    expect(await house.runEnd((await house.apply(specification({}))).runId)).toBe('succeeded');
  });
  afterAll(async () => {
    await stage.close();
    rmSync(newer, { recursive: true, force: true });
  });

  it('lets the live attempt end, and runs again with the value that is wanted now', async () => {
    const former = await house.apply(specification({ probe: { label: 'two', apply: stays('differs') } }));
    await begun('differs');
    const before = await house.nodeRole('plans', key);
    const next = await house.apply(specification({ probe: { label: 'three', apply: stays('differs') } }));
    expect(await house.runEnd(former.runId)).toBe('superseded');
    const carried = await house.nodeRole('plans', key);
    expect(carried).toMatchObject({ attempt: before.attempt, runId: next.runId, state: { state: 'running' } });
    await letGo('differs');
    expect(await house.runEnd(next.runId)).toBe('succeeded');
    expect(await labels()).toEqual(['two', 'three']);
    expect(await house.nodeRole('plans', key)).toMatchObject({
      attempt: before.attempt + 1,
      state: { state: 'active' },
      applied: { clean: true, outputs: { label: 'three' } },
    });
    expect(await runs('follower')).toBe(2);
  });

  it('counts the live attempt once where it did just what is wanted', async () => {
    const params = { probe: { label: 'four', apply: stays('equal') } };
    await house.apply(specification(params));
    await begun('equal');
    const before = await house.nodeRole('plans', key);
    const next = await house.apply(specification({ ...params, follower: { apply: 'echo also >>"$book/also"' } }));
    await letGo('equal');
    expect(await house.runEnd(next.runId)).toBe('succeeded');
    expect((await labels()).filter((label) => label === 'four')).toHaveLength(1);
    expect((await house.nodeRole('plans', key)).attempt).toBe(before.attempt);
    expect(await house.ssh('plans', node, 'cat /var/lib/probe/also')).toBe('also');
  });

  it('runs again where the scripts themselves are others now', async () => {
    const params = { probe: { label: 'five', apply: stays('scripts') } };
    await house.apply(specification(params));
    await begun('scripts');
    const next = await house.apply(specification(params, { packs: { probe: '1.1.0' } }));
    await letGo('scripts');
    expect(await house.runEnd(next.runId)).toBe('succeeded');
    expect(await house.ssh('plans', node, 'cat /var/lib/probe/newer')).toBe('newer');
    expect((await labels()).filter((label) => label === 'five')).toHaveLength(2);
    const same = await house.apply(specification(params, { packs: { probe: '1.1.0' } }));
    expect(same.planned).toBe(0);
    expect(await house.runEnd(same.runId)).toBe('succeeded');
  });

  it('tries again under the new plan what failed under the former one', async () => {
    const packs = { packs: { probe: '1.1.0' } };
    await house.apply(specification({ probe: { label: 'six', apply: 'hold fails; exit 1' } }, packs));
    await begun('fails');
    const next = await house.apply(specification({ probe: { label: 'six', apply: 'true' } }, packs));
    await letGo('fails');
    expect(await house.runEnd(next.runId)).toBe('succeeded');
    expect((await house.nodeRole('plans', key)).applied).toMatchObject({ clean: true, outputs: { label: 'six' } });
  });

  it('aborts what is not wanted any more and takes it away', async () => {
    const packs = { packs: { probe: '1.1.0' } };
    const two = [
      { name: 'box', roles: ['follower'], count: 1, site: 'here' },
      { name: 'more', roles: ['probe'], count: 1, site: 'here' },
    ];
    await house.apply(
      specification(
        { probe: { label: 'seven', apply: '[ "$FW_NODE" = plans-box-1 ] || hold more' } },
        { ...packs, groups: two },
      ),
    );
    await until('it runs on the second node', () =>
      house.ssh('plans', 'plans-more-1', 'grep -cx more /var/lib/probe/held').catch(() => ''),
    );
    const next = await house.apply(specification({ probe: { label: 'seven', apply: 'true' } }, packs));
    expect(await house.runEnd(next.runId)).toBe('succeeded');
    expect((await house.nodeRoles('plans')).map((row) => [row.key, row.state.state]).sort()).toEqual([
      [`follower@${node}`, 'active'],
      [`machine@${node}`, 'active'],
      [key, 'active'],
    ]);
  });
});
