import { randomUUID } from 'node:crypto';
import {
  addedMachine,
  applyMachineEvent,
  cleanIdentity,
  defaultSightingLimits,
  type Machine,
  type MachineEvent,
  type MachineStore,
} from '@formwork/core';
import { type Database, openDatabase, openMachineStore, readEvents } from '@formwork/db';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { startTestDatabase, type TestDatabase } from '../support/database.ts';

const log = { info: () => {}, warn: () => {}, error: () => {} };
let server: TestDatabase;
let database: Database;
let store: MachineStore;
let siteId: string;

beforeAll(async () => {
  server = await startTestDatabase();
  database = openDatabase({ url: server.url, log });
  store = openMachineStore(database);
});
afterAll(async () => {
  await database.close();
  await server.stop();
});
beforeEach(async () => {
  siteId = randomUUID();
  await database.query(`INSERT INTO sites (id, name, provider, configuration) VALUES ($1, $2, 'metal', '{}')`, [
    siteId,
    siteId,
  ]);
});

const macOf = (number: number): string =>
  `52:54:00:${[number >> 16, (number >> 8) & 255, number & 255].map((octet) => octet.toString(16).padStart(2, '0')).join(':')}`;
const add = (number: number): Promise<Machine> =>
  store.create(addedMachine({ siteId, name: `m${number}`, macs: [macOf(number)], labels: {}, bmc: null }), 'test');
const move = (id: string, ...events: readonly MachineEvent[]): Promise<Machine> =>
  store.update(
    id,
    (machine, nowMs) => {
      let now = machine;
      for (const event of events) {
        const changed = applyMachineEvent(now, event, nowMs);
        if (!changed.ok) return changed;
        now = changed.machine;
      }
      return now;
    },
    { actor: 'test' },
  );
const ready = async (number: number): Promise<Machine> =>
  move((await add(number)).id, { kind: 'registered' }, { kind: 'inspected' });
const wish = (key: string) => ({
  key,
  deploymentId: randomUUID(),
  nodeId: randomUUID(),
  incarnation: 1,
  nodeName: key,
  deploymentName: 'edge',
  image: 'debian-12',
  sshPublicKey: 'ssh-ed25519 AAAA',
});
const task = { kind: 'wipe', body: { mode: 'quick', disks: 'all' }, purpose: 'clean', notAfterMs: 4e12 } as const;
const done = { ok: true, code: 'done', message: 'wiped', outputs: {} };

it('keeps a machine as it is, and every change of its state as an event', async () => {
  const made = await add(1);
  expect(await store.get(made.id)).toEqual(made);
  const moved = await move(made.id, { kind: 'fail', reason: { code: 'bmc-auth', message: 'the BMC refused us' } });
  expect(await store.get(made.id)).toEqual(moved);
  expect(moved.version).toBe(2);
  const kinds = (await readEvents(database, { after: 0, limit: 1000 }))
    .filter(({ data }) => data['machineId'] === made.id)
    .map(({ kind, data }) => [kind, data['reason']]);
  expect(kinds).toEqual([
    ['machine.registering', made.reason],
    ['machine.broken', { code: 'bmc-auth', message: 'the BMC refused us' }],
  ]);
});

it('refuses what the lifecycle or another writer forbids, and changes nothing', async () => {
  const made = await add(1);
  await expect(move(made.id, { kind: 'cleaned' })).rejects.toMatchObject({ kind: 'conflict', code: 'wrong-state' });
  const stale = store.update(made.id, (machine) => ({ ...machine, labels: { a: 'b' } }), {
    actor: 'test',
    expectedVersion: 7,
  });
  await expect(stale).rejects.toMatchObject({ code: 'precondition-failed' });
  await expect(add(1)).rejects.toMatchObject({ code: 'already-exists' });
  const other = await add(2);
  const renamed = store.update(other.id, (machine) => ({ ...machine, name: 'm1' }), { actor: 'test' });
  await expect(renamed).rejects.toMatchObject({ code: 'already-exists' });
  expect(await store.get(made.id)).toEqual(made);
});

it('never gives one machine to two nodes, nor two machines to one key, whoever asks at once', async () => {
  const pool = await Promise.all([1, 2, 3, 4, 5].map(ready));
  const wishes = Array.from({ length: 8 }, (_, index) => wish(`node-${index}`));
  const first = (machines: readonly Machine[]) => machines[0] ?? null;
  const given = await Promise.all([...wishes, ...wishes].map((one) => store.allocate(siteId, one, first, 'test')));
  const byKey = new Map<string, Set<string>>();
  for (const [index, machine] of given.entries()) {
    const key = wishes[index % wishes.length]?.key ?? '';
    if (machine !== null) byKey.set(key, (byKey.get(key) ?? new Set()).add(machine.id));
  }
  const machines = [...byKey.values()].flatMap((ids) => [...ids]);
  expect(machines).toHaveLength(pool.length);
  expect(new Set(machines).size).toBe(pool.length);
  expect(await store.list({ siteId, states: ['ready'] })).toEqual([]);
});

it('takes a machine that two sightings bring at once in once, and knows it again by what it says', async () => {
  const identity = cleanIdentity({ macs: [macOf(9)], serial: 'SN-0009', uuid: '4c4c4544-0042-5210-8054-b7c04f4a3332' });
  const sighting = { siteId, subnet: 'rack-1', mac: macOf(9), identity };
  const seen = await Promise.all(Array.from({ length: 6 }, () => store.sight(sighting, defaultSightingLimits, 'boot')));
  expect(seen.map(({ kind }) => kind).sort()).toEqual(['known', 'known', 'known', 'known', 'known', 'unknown']);
  expect(await store.list({ siteId })).toHaveLength(1);
  const moved = { ...identity, macs: [macOf(10)] };
  const again = await store.sight({ ...sighting, mac: macOf(10), identity: moved }, defaultSightingLimits, 'boot');
  expect(again).toMatchObject({
    kind: 'known',
    machine: { identity: { macs: [macOf(9), macOf(10)] }, state: 'discovered' },
  });
});

it('recognises a machine that was added by its MAC alone, and learns the rest', async () => {
  const added = await add(3);
  const identity = cleanIdentity({ macs: [macOf(3)], serial: 'SN-0003' });
  const seen = await store.sight({ siteId, subnet: 'rack-1', mac: macOf(3), identity }, defaultSightingLimits, 'boot');
  expect(seen).toMatchObject({
    kind: 'known',
    machine: { id: added.id, subnet: 'rack-1', identity: { serial: 'sn-0003' } },
  });
});

it('gives a stolen MAC neither the machine nor its name', async () => {
  const own = cleanIdentity({ macs: [macOf(4)], serial: 'SN-0004' });
  const sight = (identity: Machine['identity']) =>
    store.sight({ siteId, subnet: 'rack-1', mac: macOf(4), identity }, defaultSightingLimits, 'boot');
  const first = await sight(own);
  const thief = await sight({ ...own, serial: 'other-serial', uuid: '4c4c4544-0042-5210-8054-b7c04f4a3399' });
  expect([first.kind, thief.kind]).toEqual(['unknown', 'unknown']);
  expect((await store.list({ siteId })).map(({ name }) => name)).toEqual(['m-525400000004', 'm-525400000004-2']);
});

it('caps the unknown machines of a subnet', async () => {
  const limits = { mostUnknown: 3, mostPerWindow: 2, windowMs: 60_000 };
  const sight = (number: number) =>
    store.sight(
      { siteId, subnet: 'rack-1', mac: macOf(number), identity: cleanIdentity({ macs: [macOf(number)] }) },
      limits,
      'boot',
    );
  const kinds = await Promise.all([1, 2, 3, 4].map(async (number) => await sight(number)));
  expect(kinds.filter(({ kind }) => kind === 'unknown')).toHaveLength(2);
  expect(kinds.find(({ kind }) => kind === 'refused')).toMatchObject({ code: 'unknown-too-fast' });
});

it('gives a task to one session at a time, once, and takes the first answer', async () => {
  const machine = await move(
    (await ready(1)).id,
    { kind: 'allocate', allocation: { ...wish('k'), atMs: 1 } },
    { kind: 'release' },
    { kind: 'released' },
  );
  const asked = await Promise.all([1, 2, 3].map(() => store.enqueueTask(machine, task, 'test')));
  expect(new Set(asked.map((one) => one?.id)).size).toBe(1);
  const reboot = await store.enqueueTask(machine, { ...task, kind: 'reboot', body: {} }, 'test');
  const [wipe] = asked;
  expect(await store.nextTask(machine.id, 's1')).toMatchObject({ id: wipe?.id, state: 'given', session: 's1' });
  // The machine restarted in the middle of its wipe: it is done again.
  expect(await store.nextTask(machine.id, 's2')).toMatchObject({ id: wipe?.id, session: 's2' });
  expect(await store.taskProgress(machine.id, wipe?.id ?? '', { percent: 50, message: 'half' })).toBe(true);
  expect(await store.finishTask(machine.id, wipe?.id ?? '', done)).toMatchObject({ state: 'done' });
  const late = await store.finishTask(machine.id, wipe?.id ?? '', { ...done, ok: false, code: 'late' });
  expect(late).toMatchObject({ state: 'done', result: { code: 'done' } });
  expect(await store.nextTask(machine.id, 's2')).toMatchObject({ id: reboot?.id });
  expect(await store.nextTask(machine.id, 's3')).toBeNull();
  expect(await store.finishTask(machine.id, randomUUID(), done)).toBeNull();
  expect((await store.tasks(machine.id)).map(({ state }) => state)).toEqual(['done', 'done']);
});

it('ends the tasks of a state with the state', async () => {
  const machine = await add(1);
  await store.enqueueTask(machine, task, 'test');
  const repaired = await move(
    machine.id,
    { kind: 'fail', reason: { code: 'x', message: 'broken by hand' } },
    { kind: 'repair' },
  );
  expect(await store.nextTask(machine.id, 's')).toBeNull();
  expect(await store.tasks(machine.id)).toMatchObject([{ state: 'cancelled' }]);
  // Who still believes in the state before can no longer ask for anything.
  expect(await store.enqueueTask(machine, task, 'test')).toBeNull();
  // The same purpose in the next state is another task.
  await store.enqueueTask(repaired, task, 'test');
  expect(await store.nextTask(machine.id, 's')).toMatchObject({ state: 'given' });
});

it('gives what is due to one keeper alone', async () => {
  await Promise.all([1, 2, 3, 4].map(add));
  const taken = await Promise.all([1, 2, 3].map(() => store.takeDue(siteId, 60_000, 2)));
  const ids = taken.flat().map(({ id }) => id);
  expect(ids).toHaveLength(4);
  expect(new Set(ids).size).toBe(4);
  expect(await store.takeDue(siteId, 60_000, 10)).toEqual([]);
  // A state that nobody keeps comes up with its deadline.
  await move((await ready(5)).id, { kind: 'allocate', allocation: { ...wish('k'), atMs: 1 } });
  expect(await store.takeDue(siteId, 60_000, 10)).toEqual([]);
});

it('removes what is out of use alone', async () => {
  const machine = await ready(1);
  await expect(store.remove(machine.id, { actor: 'test' })).rejects.toMatchObject({ code: 'in-use' });
  await move(machine.id, { kind: 'retire' });
  await store.remove(machine.id, { actor: 'test' });
  expect(await store.get(machine.id)).toBeNull();
});
