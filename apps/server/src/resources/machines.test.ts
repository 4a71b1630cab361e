import { startTestDatabase, type TestDatabase } from '../../../../test/support/database.ts';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openTestServer, type TestServer } from '../testing/test-server.ts';

let database: TestDatabase;
let server: TestServer;
const path = '/api/v1/sites/rack/machines';
const machine = { name: 'rack1-04', macs: ['52-54-00-77-00-04'], labels: { rack: '1' } };
const bmc = { driver: 'redfish', address: '10.0.9.4', options: { trust: { kind: 'insecure' } } };

beforeAll(async () => {
  database = await startTestDatabase();
  server = await openTestServer(database.url);
  const site = { name: 'rack', provider: 'metal', configuration: {} };
  expect((await server.call('POST', '/api/v1/sites', { body: site })).status).toBe(201);
  const sim = { name: 'park', provider: 'sim', configuration: {} };
  expect((await server.call('POST', '/api/v1/sites', { body: sim })).status).toBe(201);
});
afterAll(async () => {
  await server.close();
  await database.stop();
});

const act = (action: string, more: object = {}) =>
  server.call('POST', `${path}/rack1-04/actions`, { body: { action, ...more } });
const end = (action: string, token: string, more: object = {}) =>
  server.call('POST', `${path}/rack1-04/endings`, { token, body: { action, ...more } });

it('adds a machine, which is approved by that', async () => {
  const added = await server.call('POST', path, { body: { ...machine, bmc } });
  expect(added).toMatchObject({
    status: 201,
    body: {
      name: 'rack1-04',
      site: 'rack',
      state: 'registering',
      approved: true,
      identity: { macs: ['52:54:00:77:00:04'] },
      bmc: { driver: 'redfish', credentials: 'default', port: null },
      hardware: null,
    },
  });
  expect((await server.call('POST', path, { body: machine })).status).toBe(409);
  const listed = await server.call('GET', '/api/v1/machines?site=rack&state=registering&label=rack=1');
  expect(listed.body).toMatchObject({ items: [{ name: 'rack1-04' }], next: null });
  expect((await server.call('GET', '/api/v1/machines?state=ready')).body).toEqual({ items: [], next: null });
});

it('refuses what is wrong with its place, and machines of sites that have none', async () => {
  const wrong = await server.call('POST', path, {
    body: { name: 'x', bmc: { ...bmc, options: { trust: { kind: 'maybe' } } } },
  });
  expect(wrong.status).toBe(400);
  expect(JSON.stringify(wrong.body)).toContain('$.bmc.options.trust');
  expect((await server.call('POST', '/api/v1/sites/park/machines', { body: machine })).status).toBe(400);
  expect((await server.call('GET', `${path}/nobody`)).status).toBe(404);
});

it('moves a machine as its lifecycle allows, and says what it allows', async () => {
  const refused = await act('inspect');
  expect(refused.status).toBe(409);
  expect(JSON.stringify(refused.body)).toMatch(/registering.*maintain/);
  const kept = await act('maintain', { reason: 'new disks' });
  expect(kept).toMatchObject({ status: 200, body: { state: 'maintenance', reason: { message: 'new disks' } } });
  expect(await act('resume')).toMatchObject({ status: 200, body: { state: 'inspecting' } });
});

it('changes a machine only for who has read it as it is', async () => {
  const { headers } = await server.call('GET', `${path}/rack1-04`);
  const body = { labels: { rack: null, tier: 'db' } };
  const changed = await server.call('PATCH', `${path}/rack1-04`, {
    body,
    headers: { 'if-match': String(headers['etag']), 'content-type': 'application/merge-patch+json' },
  });
  expect(changed).toMatchObject({ status: 200, body: { labels: { tier: 'db' } } });
  const stale = await server.call('PATCH', `${path}/rack1-04`, {
    body,
    headers: { 'if-match': String(headers['etag']), 'content-type': 'application/merge-patch+json' },
  });
  expect(stale.status).toBe(412);
});

it('lets nobody end a machine who may not, nor see one of another site', async () => {
  for (const action of ['retire', 'release', 'fail']) {
    expect((await end(action, server.tokens.operator, { reason: 'x' })).status).toBe(403);
  }
  expect(
    (
      await server.call('POST', `${path}/rack1-04/actions`, {
        token: server.tokens.viewer,
        body: { action: 'maintain' },
      })
    ).status,
  ).toBe(403);
  const elsewhere = await server.makeToken('admin', { sites: ['park'] });
  expect((await end('retire', elsewhere)).status).toBe(403);
  expect((await server.call('GET', '/api/v1/machines', { token: elsewhere })).body).toEqual({ items: [], next: null });
});

it('breaks with a reason only, retires, removes, and writes all of it into the audit log', async () => {
  const { admin } = server.tokens;
  expect((await end('fail', admin)).status).toBe(409);
  expect(await end('fail', admin, { reason: 'smoke' })).toMatchObject({
    body: { state: 'broken', reason: { message: 'smoke' } },
  });
  expect((await server.call('DELETE', `${path}/rack1-04`)).status).toBe(409);
  expect(await end('retire', admin)).toMatchObject({ body: { state: 'retired' } });
  expect((await server.call('DELETE', `${path}/rack1-04`)).status).toBe(204);
  const audit = await server.call('GET', '/api/v1/audit?target=machine:rack1-04');
  const text = JSON.stringify(audit.body);
  for (const action of ['add', 'maintain', 'resume', 'change', 'fail', 'retire', 'remove']) {
    expect(text).toContain(`"machine.${action}"`);
  }
});
