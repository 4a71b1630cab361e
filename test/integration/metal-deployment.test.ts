// A deployment on metal, through the whole engine: five stage-one roles on real BMC protocols, with a machine that breaks on
// the way, down to the wipe.
import { openMachineStore, openSecretStore, parseMasterKey, readEvents, siteScope } from '@formwork/db';
import { openSecrets } from '@formwork/workflows';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startTestDatabase, type TestDatabase } from '../support/database.ts';
import { type House, openHouse } from '../support/house.ts';
import { rigConfiguration, rigCredentials, startRigMachines } from '../support/metal/metal-rig.ts';
import { type SshSystems, sshSystems } from '../support/metal/ssh-systems.ts';
import { startTestRedis, type TestRedis } from '../support/redis.ts';

const pack = path.resolve(import.meta.dirname, '../fixtures/packs/bare');
let server: TestDatabase;
let house: House;
let systems: SshSystems;
let redis: TestRedis | null = null;

beforeAll(async () => {
  server = await startTestDatabase();
  if (process.env['FORMWORK_TEST_QUEUE'] === 'redis') redis = await startTestRedis();
  house = await openHouse({ databaseUrl: server.url, redisUrl: redis?.url ?? null, packs: [pack] });
  systems = await sshSystems();
});
afterAll(async () => {
  await house.close();
  await systems.close();
  await redis?.stop();
  await server.stop();
});

const specification = (count: number): string => `
name: edge
workflow: bare
packs: {bare: "^1"}
groups:
  - {name: plain, roles: [plain], count: ${String(count)}, site: rack, image: debian-12, size: {cpus: 1, memoryGiB: 1}}
`;

it('takes machines from the pool in five steps, and gives them back wiped', async () => {
  const siteId = await house.addSite('rack', 'metal', { ...rigConfiguration, ssh: { port: systems.port } });
  const masterKeys = [parseMasterKey(house.environment['FORMWORK_MASTER_KEY'] ?? '')] as const;
  const secrets = openSecrets(openSecretStore({ database: house.db, masterKeys: [masterKeys[0]] }));
  const sealed = await secrets.seal(siteScope(siteId), 'credentials', JSON.stringify(rigCredentials));
  await house.db.query('UPDATE sites SET credentials = $2, version = version + 1 WHERE id = $1', [
    siteId,
    sealed.$secret.ref,
  ]);
  const store = openMachineStore(house.db);
  const keyed = async (text: string) => (await secrets.refer(siteScope(siteId), 'machines', text)).$secret.digest;
  const rig = await startRigMachines({ siteId, store, keyed, systems, machines: 3 });
  const states = async () => (await store.list({ siteId })).map(({ name, state }) => `${name} ${state}`);
  try {
    // Two workers serve the site; each machine is moved on by one of them at a time.
    await house.startWorker();
    await house.startWorker();
    await expect
      .poll(states, { timeout: 60_000, interval: 100 })
      .toEqual(['rack1-01 ready', 'rack1-02 ready', 'rack1-03 ready']);
    await house.ask(siteId, 'catalogue');

    const { runId } = await house.apply(specification(2));
    expect(await house.runEnd(runId)).toBe('succeeded');
    const roles = (await house.nodeRoles('edge')).map(({ key, state }) => `${key} ${state.state}`).sort();
    const steps = ['allocate', 'configure-hardware', 'discover', 'install-os', 'power-on'];
    expect(roles).toEqual(
      [1, 2].flatMap((ordinal) => steps.map((step) => `${step}@edge-plain-${String(ordinal)} active`)).sort(),
    );
    const node = await house.node('edge', 'edge-plain-1');
    expect(node).toMatchObject({ state: 'ready', port: systems.port });
    expect(node.hostKey).toMatch(/^ssh-ed25519 /);
    const given = (await store.list({ siteId, states: ['active'] })).map(({ allocation }) => allocation?.nodeName);
    expect(given.sort()).toEqual(['edge-plain-1', 'edge-plain-2']);
    // One boot of the disk each: nothing was installed twice.
    expect([...systems.boots.values()]).toEqual([1, 1]);

    const destroyed = await house.destroy('edge');
    expect(await house.runEnd(destroyed.runId)).toBe('succeeded');
    await expect
      .poll(states, { timeout: 60_000, interval: 100 })
      .toEqual(['rack1-01 ready', 'rack1-02 ready', 'rack1-03 ready']);
    expect((await store.list({ siteId })).filter(({ dirty, allocation }) => dirty || allocation !== null)).toEqual([]);
    const told = (await readEvents(house.db, { after: 0, limit: 1_000 })).map(({ data }) => JSON.stringify(data));
    for (const text of told) expect(text).not.toContain(rigCredentials.bmc.default.password);
    expect(rig.failures).toEqual([]);
  } finally {
    await house.stop();
    for (const bmc of rig.bmcs) await bmc.close();
  }
});
