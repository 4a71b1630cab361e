/** The worked example, with the bundled packs as they are: its graph and its plans, word for word. */
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type Plan, renderGraph, renderPlan } from '@formwork/core';
import { patchNodes, readPlan } from '@formwork/db';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { House } from '../support/house.ts';
import { openStage, type Stage } from '../support/stage.ts';
import { storePacks } from '../support/store-packs.ts';

const example = readFileSync(path.resolve(import.meta.dirname, '../../examples/etcd.yaml'), 'utf8');
const content = path.resolve(import.meta.dirname, '../../content');
const rewrite = (file: string, change: (text: string) => string): void => {
  writeFileSync(file, change(readFileSync(file, 'utf8')));
};
const golden = (name: string): string => path.resolve(import.meta.dirname, `../golden/example-etcd/${name}.txt`);
const greater = 'quotaBackendBytes: 4294967296';

describe('the etcd example', () => {
  let stage: Stage;
  let house: House;
  const specification = (count: number, more = ''): string =>
    example.replace('quotaBackendBytes: 2147483648', greater).replace('count: 3', `count: ${count}${more}`);
  /** Plans, approves and carries out; answers the plan, and the keys of what ran in the order in which it began. */
  const perform = async (text: string): Promise<{ readonly plan: Plan; readonly ran: readonly string[] }> => {
    const { runId, planId } = await house.apply(text);
    expect(await house.runEnd(runId)).toBe('succeeded');
    const stored = await readPlan(house.db, planId);
    if (stored === null) throw new Error('the plan is gone');
    const begun = (await house.events('node-role.claimed')).filter(
      (event) => event.runId === runId && event.data['attached'] !== true,
    );
    return {
      plan: stored.document,
      ran: begun.map(({ data }) => (typeof data['key'] === 'string' ? data['key'] : '')),
    };
  };

  beforeAll(async () => {
    stage = await openStage();
    ({ house } = stage);
    await house.addSite('here', 'sim', { bootMs: 30, destroyMs: 10, steps: { defaultMs: 10 } });
    await house.startWorker();
  });
  afterAll(() => stage.close());

  it('is made in 29 node-roles, along the graph that the page shows', async () => {
    const { plan, ran } = await perform(example);
    expect(plan.total).toBe(29);
    expect(new Set(ran).size).toBe(29);
    await expect(renderPlan(plan)).toMatchFileSnapshot(golden('create'));
    await expect(renderGraph(plan.graph)).toMatchFileSnapshot(golden('graph'));
  });

  it('runs 3 of 29 for a greater quota, one at a time', async () => {
    const { plan, ran } = await perform(example.replace('quotaBackendBytes: 2147483648', greater));
    await expect(renderPlan(plan)).toMatchFileSnapshot(golden('quota'));
    expect([...ran].sort()).toEqual([1, 2, 3].map((ordinal) => `etcd-member@edge-etcd-${ordinal}`));
  });

  it('runs 19 of 47 for two more members, and nothing on the others', async () => {
    const { plan, ran } = await perform(specification(5));
    expect([plan.actions.length, plan.total]).toEqual([19, 47]);
    await expect(renderPlan(plan)).toMatchFileSnapshot(golden('grow'));
    expect(ran).toHaveLength(19);
    expect(ran.filter((key) => /-[123]$/.test(key))).toEqual([]);
    const joins = ran.filter((key) => key.startsWith('etcd-member@'));
    expect([...joins].sort()).toEqual(['etcd-member@edge-etcd-4', 'etcd-member@edge-etcd-5']);
  });

  it('takes the fifth member away without touching the others', async () => {
    const { plan, ran } = await perform(specification(4));
    await expect(renderPlan(plan)).toMatchFileSnapshot(golden('shrink'));
    expect(ran).toEqual(['etcd-cluster', 'etcd-member@edge-etcd-5', 'machine@edge-etcd-5']);
    expect(await house.nodeRoles('edge')).toHaveLength(38);
  });

  it('plans a changed script as a change of what it stands on', async () => {
    await perform(specification(3));
    const newer = mkdtempSync(path.join(tmpdir(), 'formwork-etcd-'));
    cpSync(path.join(content, 'etcd'), newer, { recursive: true });
    rewrite(path.join(newer, 'pack.yaml'), (text) => text.replace('version: 1.0.0', 'version: 1.0.1'));
    rewrite(path.join(newer, 'roles/etcd-install/verify.sh'), (text) => `${text}\n# Now with a remark.\n`);
    await storePacks(house.db, [path.join(content, 'base'), newer]);
    rmSync(newer, { recursive: true });
    // Uploading changes nothing; naming it does.
    expect((await perform(specification(3))).ran).toEqual([]);
    const { plan, ran } = await perform(`${specification(3)}\npacks: {etcd: "1.0.1"}\n`);
    await expect(renderPlan(plan).replaceAll(/[0-9a-f]{12}/g, '<digest>')).toMatchFileSnapshot(golden('role-changed'));
    expect([...ran].sort()).toEqual([1, 2, 3].map((ordinal) => `etcd-install@edge-etcd-${ordinal}`));
  });

  it('evicts a dead member and has another join in its place', async () => {
    const dead = await house.node('edge', 'edge-etcd-2');
    await house.db.transaction((tx) =>
      patchNodes(tx, [{ nodeId: dead.id, patch: { state: 'unreachable', lost: true }, row: null, actor: 'test' }]),
    );
    const { plan, ran } = await perform(specification(3, ', omit: [2]'));
    await expect(renderPlan(plan)).toMatchFileSnapshot(golden('replace'));
    const members = ran.filter((key) => key.startsWith('etcd-member@'));
    expect(members).toEqual(['etcd-member@edge-etcd-2', 'etcd-member@edge-etcd-4']);
    expect(ran.filter((key) => /-[13]$/.test(key))).toEqual([]);
    expect((await house.nodeRoles('edge')).every((row) => row.state.state === 'active')).toBe(true);
    expect(await house.nodeRoles('edge')).toHaveLength(29);
  });

  it('refuses what would lose the quorum, with the way out', async () => {
    const refused = await house.propose(specification(1, ', omit: [2]'));
    expect(refused.ok).toBe(false);
    const text = refused.ok
      ? ''
      : refused.problems.map(({ path: at, message, remedy }) => `${at}: ${message}\n  ${remedy}\n`).join('');
    await expect(text).toMatchFileSnapshot(golden('quorum'));
  });
});
