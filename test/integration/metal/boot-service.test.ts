import { createHash, generateKeyPairSync, randomBytes, randomUUID, verify } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import {
  applyMachineEvent,
  type Machine,
  type MachineEvent,
  type MachineFacts,
  type MachineTask,
  type NewMachineTask,
} from '@formwork/core';
import { type Database, openDatabase, readMachineLog } from '@formwork/db';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startTestDatabase, type TestDatabase } from '../../support/database.ts';
import { quiet } from '../../support/quiet.ts';
import { openBootWorld } from './boot-world.ts';
import { said, type Said, testAgent } from './test-agent.ts';

let server: TestDatabase;
let db: Database;
let world: Awaited<ReturnType<typeof openBootWorld>>;
const mac = '52:54:00:77:00:01';
const address = '10.77.0.100';
const uuid = '4c4c4544-0000-4000-8000-00000000000a';

beforeAll(async () => {
  server = await startTestDatabase();
  db = openDatabase({ url: server.url, log: quiet });
});
afterAll(async () => {
  await db.close();
  await server.stop();
});
beforeEach(async () => {
  world = await openBootWorld(db);
  world.lease(mac, address);
});

const boot = (at = { mac, address, uuid }, service = world.service): Promise<Said> =>
  said(service, {
    target: `/ipxe?mac=${at.mac.replaceAll(':', '-')}&uuid=${at.uuid}&platform=pcbios`,
    address: at.address,
  });
const tokenIn = ({ text }: Said): string => /formwork\.token=(\S+)/.exec(text)?.[1] ?? '';
const codeOf = ({ text }: Said): string => (JSON.parse(text) as { error: { code: string } }).error.code;
const facts = (change: object = {}): object => ({
  agent: '1',
  boot: { firmware: 'bios', mac, address },
  dmi: { uuid, serial: 'SN-000001', manufacturer: 'QEMU', product: 'Lab' },
  cpu: { model: 'x', architecture: 'x86_64', sockets: 1, cores: 2, threads: 2 },
  memoryMiB: 1024,
  disks: [{ name: 'vda', sizeBytes: 1e9, serial: 'D1' }],
  nics: [{ name: 'eth0', mac, link: true }],
  ...change,
});

/** Moves the machine on by events, as its keeper and its provider do. */
async function move(...events: MachineEvent[]): Promise<Machine> {
  let machine = await world.machine(mac);
  for (const event of events) {
    machine = await world.machines.update(machine.id, (now, nowMs) => applyMachineEvent(now, event, nowMs), {
      actor: 'test',
    });
  }
  return machine;
}

/** Has the machine do something, in the state that it is in. */
async function queued(task: NewMachineTask): Promise<MachineTask> {
  const made = await world.machines.enqueueTask(await world.machine(mac), task, 'test');
  if (made === null) throw new Error('its state is over');
  return made;
}

async function claimed(at = { mac, address, uuid }) {
  const agent = testAgent(world.service, at);
  const token = tokenIn(await boot(at));
  expect((await agent.claim(token)).status).toBe(200);
  return { agent, token };
}

it('takes an unknown machine from its first script to the pool', async () => {
  const first = await boot();
  expect(first.text).toContain('formwork.mode=discover');
  expect(await world.machine(mac)).toMatchObject({ state: 'discovered', approved: false, subnet: 'rack-1' });
  const agent = testAgent(world.service, { mac, address });
  const answer = await agent.claim(tokenIn(first));
  expect(JSON.parse(answer.text)).toMatchObject({ machine: (await world.machine(mac)).id, pollSeconds: 5 });
  expect((await agent.ask('POST', '/agent/v1/report', facts())).status).toBe(204);
  expect((await world.machine(mac)).facts).toMatchObject({ memoryMiB: 1024, disks: [{ name: 'vda' }] });
  expect((await agent.ask('GET', '/agent/v1/task')).headers['retry-after']).toBe('5');
  expect((await boot()).text).toContain('waits for approval');
  await move({ kind: 'approve' }, { kind: 'registered' });
  // It reports once more, and again: the second changes nothing.
  await agent.ask('POST', '/agent/v1/report', facts());
  expect(await world.machine(mac)).toMatchObject({ state: 'ready' });
  await agent.ask('POST', '/agent/v1/report', facts());
  expect(await world.machine(mac)).toMatchObject({ state: 'ready', reason: { code: 'inspected' } });
  expect(world.failures).toEqual([]);
});

it('gives signed tasks to the agent that claimed, takes their results, once', async () => {
  const { agent } = await claimed();
  const { id } = await world.machine(mac);
  world.secrets.set('bmc', 'hunter2');
  const secret = { $secret: { ref: 'bmc', version: 1, digest: '' } };
  const body = { slot: 3, name: 'formwork', password: secret };
  const notAfterMs = Date.now() + 600_000;
  const task = await queued({ kind: 'set-bmc-user', body, purpose: 'bmc', notAfterMs });
  const given = await agent.ask('GET', '/agent/v1/task');
  const signature = Buffer.from(given.headers['formwork-task-signature'] ?? '', 'base64');
  expect(verify(null, given.body, world.sitePublicKey, signature)).toBe(true);
  expect(JSON.parse(given.text)).toMatchObject({
    id: task.id,
    machine: id,
    kind: 'set-bmc-user',
    password: 'hunter2',
    slot: 3,
  });
  // The answer may have been lost: the same again.
  expect((await agent.ask('GET', '/agent/v1/task')).text).toBe(given.text);
  const path = `/agent/v1/tasks/${task.id}`;
  expect((await agent.ask('POST', `${path}/progress`, { percent: 50, message: 'half' })).status).toBe(204);
  const result = { ok: true, code: 'ok', message: 'done', outputs: { slot: 3 } };
  expect((await agent.ask('POST', `${path}/result`, result)).status).toBe(204);
  expect((await agent.ask('POST', `${path}/result`, { ...result, ok: false, code: 'other' })).status).toBe(204);
  expect(await world.machines.tasks(id)).toMatchObject([{ state: 'done', progress: { percent: 50 }, result }]);
  expect((await agent.ask('GET', '/agent/v1/task')).status).toBe(204);
  expect((await agent.ask('POST', `/agent/v1/tasks/${randomUUID()}/result`, result)).status).toBe(404);
});

it('keeps what an agent writes, the newest of it', async () => {
  const { agent } = await claimed();
  await agent.ask('POST', '/agent/v1/log', Buffer.from('one\u0000\n'));
  await agent.ask('POST', '/agent/v1/log', Buffer.from('two\n'));
  const pieces = await readMachineLog(db, (await world.machine(mac)).id);
  expect(pieces.map(({ text }) => text)).toEqual(['one\n', 'two\n']);
  expect((await agent.ask('POST', '/agent/v1/log', Buffer.alloc(64 * 1024 + 1))).status).toBe(413);
});

describe('a machine that', () => {
  it('claims twice with two keys is broken(claim-conflict), and neither key is worth anything', async () => {
    const { agent, token } = await claimed();
    const second = testAgent(world.service, { mac, address });
    expect(codeOf(await second.claim(token))).toBe('claim-conflict');
    expect(await world.machine(mac)).toMatchObject({ state: 'broken', reason: { code: 'claim-conflict' } });
    expect(codeOf(await agent.ask('GET', '/agent/v1/task'))).toBe('ended');
    expect((await boot()).text).toContain('broken: two agents claimed');
  });

  it('claims twice with one key is answered twice', async () => {
    const { agent, token } = await claimed();
    const again = await agent.claim(token);
    expect(again.status).toBe(200);
    expect(await world.machine(mac)).toMatchObject({ state: 'discovered' });
  });

  it('boots with the token of another gets nothing, and both stay what they are', async () => {
    const other = { mac: '52:54:00:77:00:02', address: '10.77.0.101', uuid: uuid.replace('0a', '0b') };
    world.lease(other.mac, other.address);
    await boot(other);
    const token = tokenIn(await boot());
    const thief = testAgent(world.service, other);
    expect(codeOf(await thief.claim(token))).toBe('other-machine');
    expect(codeOf(await thief.claim(token, mac))).toBe('other-machine');
    expect(world.notices).toMatchObject([{ code: 'claim-refused' }, { code: 'claim-refused' }]);
    expect(world.notices[0]?.message).toContain(other.address);
    expect((await testAgent(world.service, { mac, address }).claim(token)).status).toBe(200);
    expect(await world.machine(other.mac)).toMatchObject({ state: 'discovered' });
  });

  it('asks to boot as another gets no token, from an address that is not its own', async () => {
    const answer = await said(world.service, { target: `/ipxe?mac=${mac}`, address: '10.77.0.150' });
    expect(answer.status).toBe(200);
    expect(answer.text).toMatch(/was not given to 52:54:00:77:00:01.*\nsleep 30\n/);
    expect(answer.text).not.toContain('token');
    expect(world.notices).toMatchObject([{ code: 'boot-refused', machineId: null }]);
    expect((await said(world.service, { target: `/ipxe?mac=${mac}`, address: '192.0.2.1' })).text).toContain(
      'is in no subnet',
    );
    expect(await world.machines.list({ siteId: world.siteId })).toEqual([]);
  });

  it('fetches with an expired token or session gets nothing', async () => {
    const token = tokenIn(await boot());
    await db.query(`UPDATE boot_sessions SET expires_at = clock_timestamp() WHERE site_id = $1`, [world.siteId]);
    expect(codeOf(await testAgent(world.service, { mac, address }).claim(token))).toBe('expired');
    const { agent } = await claimed();
    await db.query(`UPDATE boot_sessions SET expires_at = clock_timestamp() WHERE site_id = $1`, [world.siteId]);
    expect(codeOf(await agent.ask('GET', '/agent/v1/images/debian'))).toBe('expired');
    expect(await world.machine(mac)).toMatchObject({ state: 'discovered' });
  });

  it('asks for ../../etc/shadow, or for what is not its own, gets nothing', async () => {
    const { agent } = await claimed();
    for (const target of [
      '/agent/v1/images/../../etc/shadow',
      '/agent/v1/data/../../etc/shadow',
      '/agent/v1/images/..%2fx',
    ]) {
      expect(await agent.ask('GET', target)).toMatchObject({ status: 404, image: null });
    }
    expect(codeOf(await agent.ask('GET', '/agent/v1/images/debian-12'))).toBe('not-yours');
    expect(codeOf(await agent.ask('GET', '/agent/v1/data/user-data'))).toBe('not-found');
    expect(codeOf(await agent.ask('GET', '/agent/v1/data/latest/../../etc/shadow'))).toBe('not-found');
    expect(codeOf(await agent.ask('GET', `/agent/v1/tasks/${randomUUID()}/first-boot`))).toBe('not-yours');
    expect(codeOf(await agent.ask('POST', '/agent/v1/installed', { hostKeys: [] }))).toBe('not-yours');
  });

  it('says the same thing twice is heard once; and so is a replay by somebody else', async () => {
    const { agent } = await claimed();
    expect((await agent.ask('GET', '/agent/v1/task')).status).toBe(204);
    expect(codeOf(await agent.replay())).toBe('replayed');
    const both = await Promise.all([agent.ask('GET', '/agent/v1/task'), agent.replay()]);
    expect(both.map(({ status }) => status).sort()).toEqual([204, 401]);
    expect(codeOf(await agent.ask('GET', '/agent/v1/task', undefined, { counter: 1 }))).toBe('replayed');
    const stranger = generateKeyPairSync('ed25519').privateKey;
    expect(codeOf(await agent.ask('GET', '/agent/v1/task', undefined, { key: stranger, counter: 50 }))).toBe(
      'bad-signature',
    );
    expect(codeOf(await agent.ask('GET', '/agent/v1/task', undefined, { address: '10.77.0.9', counter: 51 }))).toBe(
      'other-machine',
    );
    expect(codeOf(await agent.ask('GET', '/agent/v1/task', undefined, { session: randomUUID(), counter: 52 }))).toBe(
      'unknown',
    );
  });

  it('changes its NIC is the same machine; one that reports as another is broken', async () => {
    const { agent } = await claimed();
    await agent.ask('POST', '/agent/v1/report', facts());
    const { id } = await move({ kind: 'approve' });
    const moved = { mac: '52:54:00:77:00:99', address: '10.77.0.120', uuid };
    world.lease(moved.mac, moved.address);
    await boot(moved);
    expect((await world.machine(moved.mac)).id).toBe(id);
    const { agent: liar } = await claimed(moved);
    const foreign = {
      dmi: { uuid: uuid.replace('0a', 'ff'), serial: 'SN-999999' },
      nics: [{ name: 'eth0', mac: '52:54:00:aa:aa:aa' }],
    };
    await liar.ask('POST', '/agent/v1/report', facts({ ...foreign, boot: { mac: '52:54:00:aa:aa:aa' } }));
    const machine = await world.machine(moved.mac);
    expect(machine).toMatchObject({ id, state: 'broken', reason: { code: 'identity-conflict' } });
    expect((machine.facts as MachineFacts).dmi.serial).toBe('SN-000001');
  });

  it('boots again and again and never reports is broken(boot-loop), and told to wait', async () => {
    for (let count = 0; count < 8; count += 1) expect(tokenIn(await boot())).not.toBe('');
    expect((await boot()).text).toMatch(/network boots while discovered.*\nsleep 60/);
    expect(await world.machine(mac)).toMatchObject({ state: 'broken', reason: { code: 'boot-loop' } });
  });

  it('reports rubbish is told so, and nothing else happens', async () => {
    const { agent } = await claimed();
    for (const body of [Buffer.from([0xff]), Buffer.from('[]'), Buffer.from('{"agent":"2"}')]) {
      expect(codeOf(await agent.ask('POST', '/agent/v1/report', body))).toBe('bad-request');
    }
    const odd = {
      dmi: { uuid: '\u0000\ud800', serial: 'a\u0000b' },
      disks: [{ name: 'x\ud800', sizeBytes: -1 }],
      nics: 'none',
    };
    expect((await agent.ask('POST', '/agent/v1/report', facts(odd))).status).toBe(204);
    expect(await world.machine(mac)).toMatchObject({ state: 'discovered' });
    expect(world.failures).toEqual([]);
  });
});

describe('an installation', () => {
  const allocation = {
    ...{ key: 'key-1', deploymentId: randomUUID(), nodeId: randomUUID(), incarnation: 1, nodeName: 'node-1' },
    ...{ deploymentName: 'etcd', image: 'debian-12', sshPublicKey: 'ssh-ed25519 AAAA formwork', atMs: 1 },
  };

  it('fetches its image, data and seed by its task alone, then boots its disk and reports its keys', async () => {
    await claimed();
    const firstBoot = generateKeyPairSync('ed25519');
    const publicKey = firstBoot.publicKey.export({ format: 'der', type: 'spki' }).subarray(-32).toString('base64');
    const tokenHash = createHash('sha256').update(publicKey).digest('hex');
    const ready: MachineEvent[] = [{ kind: 'approve' }, { kind: 'registered' }, { kind: 'inspected' }];
    const { id } = await move(...ready, { kind: 'allocate', allocation }, { kind: 'deploy', tokenHash });
    const session = randomUUID();
    await world.sessions.openFirstBoot({
      id: session,
      siteId: world.siteId,
      machineId: id,
      publicKey,
      lifetimeMs: 600_000,
    });
    const seed = randomBytes(4096);
    world.secrets.set('seed', gzipSync(seed).toString('base64'));
    const body = { image: 'debian-12.raw.zst', firstBootSeed: { $secret: { ref: 'seed', version: 1, digest: '' } } };
    const notAfterMs = Date.now() + 600_000;
    const { agent } = await claimed();
    const task = await queued({ kind: 'write-image', body, purpose: 'deploy', notAfterMs });
    expect(codeOf(await agent.ask('GET', '/agent/v1/images/debian-12.raw.zst'))).toBe('not-yours');
    expect(Object.keys(JSON.parse((await agent.ask('GET', '/agent/v1/task')).text) as object)).not.toContain(
      'firstBootSeed',
    );
    expect((await agent.ask('GET', '/agent/v1/images/debian-12.raw.zst')).image).toBe('debian-12.raw.zst');
    expect(codeOf(await agent.ask('GET', '/agent/v1/images/other.raw'))).toBe('not-yours');
    expect((await agent.ask('GET', `/agent/v1/tasks/${task.id}/first-boot`)).body).toEqual(seed);
    expect((await agent.ask('GET', '/agent/v1/data/meta-data')).text).toContain('"local-hostname": "node-1"');
    expect((await agent.ask('GET', '/agent/v1/data/latest/meta-data/hostname')).text).toBe('node-1');
    expect((await boot()).text).toContain('formwork.mode=install');
    await agent.ask('POST', `/agent/v1/tasks/${task.id}/result`, { ok: true, code: 'ok' });
    expect(await world.machine(mac)).toMatchObject({ state: 'deploying', install: { phase: 'written' } });
    expect((await boot()).text).toContain('sanboot');
    const at = { address: '10.77.0.77', mac };
    const system = testAgent(world.service, at);
    const keys = { hostKeys: [`ssh-ed25519 ${'A'.repeat(68)} root@node-1`], kernel: '6.1.0' };
    const post = (key = firstBoot.privateKey, content: unknown = keys) =>
      system.ask('POST', '/agent/v1/installed', content, { session, key });
    expect(codeOf(await post(system.privateKey))).toBe('bad-signature');
    expect((await post()).status).toBe(204);
    expect(await world.machine(mac)).toMatchObject({
      state: 'active',
      install: {
        phase: 'installed',
        hostKeys: [`ssh-ed25519 ${'A'.repeat(68)}`],
        address: '10.77.0.77',
        kernel: '6.1.0',
      },
    });
    // The answer may have been lost; other keys are refused.
    expect((await post()).status).toBe(204);
    expect(codeOf(await post(firstBoot.privateKey, { hostKeys: [`ssh-ed25519 ${'B'.repeat(68)}`] }))).toBe(
      'claim-conflict',
    );
    // Its node goes on running from its disk; a person looks.
    expect(await world.machine(mac)).toMatchObject({ state: 'broken', reason: { code: 'claim-conflict' } });
    expect((await boot()).text).toContain('sanboot');
    expect(codeOf(await system.ask('GET', '/agent/v1/task', undefined, { session, key: firstBoot.privateKey }))).toBe(
      'not-yours',
    );
  });

  it('that has a token instead of a key reports with that, once', async () => {
    await claimed();
    const token = randomBytes(32).toString('hex');
    const tokenHash = createHash('sha256').update(token).digest('hex');
    const ready: MachineEvent[] = [{ kind: 'approve' }, { kind: 'registered' }, { kind: 'inspected' }];
    await move(...ready, { kind: 'allocate', allocation }, { kind: 'deploy', tokenHash });
    const hostKeys = [`ssh-ed25519 ${'A'.repeat(68)}`];
    const post = (content: object) =>
      said(world.service, {
        ...{ method: 'POST', target: '/agent/v1/installed', address: '10.77.0.77' },
        body: Buffer.from(JSON.stringify(content)),
      });
    expect(codeOf(await post({ token: 'x'.repeat(64), hostKeys }))).toBe('unknown');
    expect(codeOf(await post({ hostKeys }))).toBe('unknown');
    expect((await post({ token, hostKeys })).status).toBe(204);
    expect(await world.machine(mac)).toMatchObject({ state: 'active', install: { hostKeys, address: '10.77.0.77' } });
    expect((await post({ token, hostKeys })).status).toBe(204);
    expect(codeOf(await post({ token, hostKeys: [`ssh-ed25519 ${'B'.repeat(68)}`] }))).toBe('unknown');
  });

  it('goes on booting its disk while the database is away; others are told to wait', async () => {
    await claimed();
    const ready: MachineEvent[] = [{ kind: 'approve' }, { kind: 'registered' }, { kind: 'inspected' }];
    await move(...ready, { kind: 'allocate', allocation }, { kind: 'deploy', tokenHash: 'x' });
    await world.machines.update((await world.machine(mac)).id, (machine) => ({ ...machine, state: 'active' }), {
      actor: 'test',
    });
    await world.remember();
    const away = world.serviceWith({
      machines: {
        ...world.machines,
        sight: () => Promise.reject(new Error('away')),
        now: () => Promise.reject(new Error('away')),
      },
    });
    expect((await boot(undefined, away)).text).toContain('sanboot');
    world.lease('52:54:00:77:00:02', '10.77.0.101');
    const unknown = await boot({ mac: '52:54:00:77:00:02', address: '10.77.0.101', uuid }, away);
    expect(unknown.text).toMatch(/does not answer.*\nsleep 10/);
    const agent = testAgent(away, { mac, address });
    expect(codeOf(await agent.ask('GET', '/agent/v1/task'))).toBe('busy');
  });
});

it('waits with a machine where no discovery image was built, and where too many unknown ones come', async () => {
  world = await openBootWorld(db, { image: null, limits: { mostUnknown: 1, mostPerWindow: 10, windowMs: 1000 } });
  world.lease(mac, address);
  world.lease('52:54:00:77:00:02', '10.77.0.101');
  expect((await boot()).text).toContain('no discovery image yet');
  const second = await boot({ mac: '52:54:00:77:00:02', address: '10.77.0.101', uuid: uuid.replace('0a', '0c') });
  expect(second.text).toMatch(/unknown machines of this subnet wait for approval already.*\nsleep 300/);
});
