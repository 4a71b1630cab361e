// What goes wrong with machines: each ends in the right state with its reason, and no node and no pool gets what is broken.
import { addedMachine, applyMachineEvent, type Machine } from '@formwork/core';
import { readEvents } from '@formwork/db';
import { type CallContext, machineSteps, type NodeRequest, type Provider } from '@formwork/providers';
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { bmcPassword, type MetalRig, startMetalRig } from '../support/metal/metal-rig.ts';
import { sshSystems } from '../support/metal/ssh-systems.ts';

const context: CallContext = { signal: new AbortController().signal, timeoutMs: 30_000 };
const failing = new Map<string, string>();
let rig: MetalRig;
let provider: Provider;

beforeAll(async () => {
  const systems = await sshSystems();
  const bmc = { minimumGapMs: 0, pollMs: 50, powerDeadlineMs: 1_000 };
  const configuration = { ssh: { port: systems.port }, bmc, deadlineMinutes: { releasing: 0.05 } };
  rig = await startMetalRig({ machines: 3, systems, failing, configuration });
  provider = rig.open();
});
afterAll(async () => {
  await provider.close();
  await rig.close();
});

const inState = async (...states: readonly Machine['state'][]): Promise<readonly Machine[]> =>
  await rig.store.list({ siteId: rig.siteId, states });
const named = async (name: string): Promise<Machine | undefined> =>
  (await rig.store.list({ siteId: rig.siteId, name }))[0];
const becomes = (name: string, wanted: object) =>
  expect.poll(() => named(name), { timeout: 60_000, interval: 50 }).toMatchObject(wanted);

const node = { deploymentId: randomUUID(), nodeId: randomUUID() };
const requestOf = (candidate: number): NodeRequest => ({
  key: `key-${String(candidate)}`,
  tags: { siteId: rig.siteId, ...node, incarnation: 1 },
  name: 'edge-plain-1',
  deploymentName: 'edge',
  image: 'debian-12',
  size: null,
  capabilities: [],
  labels: {},
  sshPublicKey: 'ssh-ed25519 AAAA',
  candidate,
});
const referenceOf = ({ tags, key, name }: NodeRequest) => ({ tags, key, name, providerId: null });
const ends = async <T extends { readonly state: string }>(step: () => Promise<T>): Promise<T> => {
  let last = await step();
  await expect.poll(async () => (last = await step()).state, { timeout: 60_000, interval: 50 }).not.toBe('pending');
  return last;
};

it('brings machines that were added by their BMC into the pool', async () => {
  await expect.poll(async () => (await inState('ready')).length, { timeout: 60_000, interval: 50 }).toBe(3);
});

it('breaks a machine whose BMC refuses us at once, with the reason and without the password', async () => {
  const bmc = rig.bmcs[1];
  if (bmc === undefined) throw new Error('there is no BMC');
  const settings = {
    driver: 'ipmi',
    address: '127.0.0.1',
    port: bmc.ipmi.port,
    credentials: 'nobody',
    options: {},
  } as const;
  const wanted = { siteId: rig.siteId, name: 'stranger', macs: ['52:54:00:99:00:01'], labels: {}, bmc: settings };
  await rig.store.create(addedMachine(wanted), 'test');
  await becomes('stranger', { state: 'broken', reason: { code: 'no-bmc-account' } });
  const told = await readEvents(rig.database, { after: 0, limit: 1_000 });
  for (const event of told) expect(JSON.stringify(event.data)).not.toContain(bmcPassword);
});

it('says that a BMC is silent, and goes on once it answers', async () => {
  const wanted = { siteId: rig.siteId, name: 'silent', macs: ['52:54:00:99:00:02'], labels: {} };
  const gone = {
    driver: 'redfish',
    address: '127.0.0.1',
    port: 9,
    credentials: 'default',
    options: { scheme: 'http', trust: { kind: 'insecure' } },
  } as const;
  const made = await rig.store.create(addedMachine({ ...wanted, bmc: gone }), 'test');
  await becomes('silent', { state: 'registering', reason: { code: 'ECONNREFUSED' } });
  // A person corrects it; without a BMC it waits to be switched on by hand.
  await rig.store.update(made.id, (machine) => ({ ...machine, bmc: null }), { actor: 'test' });
  await becomes('silent', { state: 'inspecting', power: { kickedAtMs: null } });
});

it('takes another machine when one breaks while it is installed, and releases both', async () => {
  // Whichever is chosen first: by size all are equal, so by name.
  failing.set('SN00001', 'write-image');
  const first = await ends(() => provider.ensureNode(requestOf(0), context));
  expect(first).toMatchObject({ state: 'failed', failure: { kind: 'capacity', code: 'machine-broken' } });
  expect(await named('rack1-01')).toMatchObject({
    state: 'broken',
    reason: { code: 'install-failed', message: 'write-image: the disk does not answer' },
  });
  expect(await provider.observeNode(referenceOf(requestOf(0)), context)).toMatchObject({
    state: 'failed',
    ready: false,
  });

  const second = await ends(() => machineSteps.create(provider, requestOf(1), context));
  expect(second).toMatchObject({ state: 'done', outputs: { hostKeyTrust: 'pinned' } });
  expect(await named('rack1-02')).toMatchObject({ state: 'active', allocation: { nodeName: 'edge-plain-1' } });
  expect(await provider.listOwned({ deploymentId: node.deploymentId }, context)).toHaveLength(2);

  failing.set('SN00002', 'wipe');
  expect(await ends(() => machineSteps.destroy(provider, referenceOf(requestOf(1)), context))).toMatchObject({
    state: 'done',
  });
  expect(await provider.listOwned({ deploymentId: null }, context)).toEqual([]);
  // The first is wiped and whole again; the second cannot be wiped, and stays out of the pool.
  await becomes('rack1-01', { state: 'ready', dirty: false });
  await becomes('rack1-02', { state: 'broken', dirty: true, allocation: null, reason: { code: 'wipe-failed' } });
  failing.clear();
});

it('wipes a machine that was repaired before it is in the pool', async () => {
  const broken = await named('rack1-02');
  await rig.store.update(broken?.id ?? '', (now, nowMs) => applyMachineEvent(now, { kind: 'repair' }, nowMs), {
    actor: 'test',
  });
  await becomes('rack1-02', { state: 'ready', dirty: false });
  const wipes = (await rig.store.tasks(broken?.id ?? '')).filter(
    ({ kind, state }) => kind === 'wipe' && state === 'done',
  );
  expect(wipes.length).toBeGreaterThan(0);
});

it('lets a node go whose machine cannot be switched off, and keeps that machine out of use', async () => {
  const request = { ...requestOf(2), tags: { ...requestOf(2).tags, nodeId: randomUUID() } };
  expect(await ends(() => machineSteps.create(provider, request, context))).toMatchObject({ state: 'done' });
  const [machine] = await inState('active');
  const index = Number(machine?.name.slice(-1)) - 1;
  const bmc = rig.bmcs[index];
  if (bmc === undefined || machine === undefined) throw new Error('there is no machine in use');
  bmc.faults.lyingPower = true;
  expect(await ends(() => machineSteps.destroy(provider, referenceOf(request), context))).toMatchObject({
    state: 'done',
  });
  expect(await named(machine.name)).toMatchObject({
    state: 'broken',
    dirty: true,
    allocation: null,
    reason: { code: 'releasing-timeout' },
  });
  bmc.faults.lyingPower = false;
});
