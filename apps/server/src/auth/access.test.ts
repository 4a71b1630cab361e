import { type RouteContract, routes } from '@formwork/api';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestDatabase, type TestDatabase } from '../../../../test/support/database.ts';
import { openTestServer, type TestServer } from '../testing/test-server.ts';

let postgres: TestDatabase;
let server: TestServer;
beforeAll(async () => {
  postgres = await startTestDatabase();
  server = await openTestServer(postgres.url);
  for (const name of ['here', 'lab']) {
    await server.call('POST', '/api/v1/sites', { body: { name, provider: 'sim' } });
  }
  for (const [name, site] of [
    ['edge', 'here'],
    ['bench', 'lab'],
  ]) {
    const body = `{formwork: 1, name: ${name}, workflow: base, groups: [{name: host, roles: [host], count: 1, site: ${site}}]}`;
    expect((await server.call('PUT', `/api/v1/deployments/${name}`, { body })).status).toBe(201);
  }
});
afterAll(async () => {
  await server.close();
  await postgres.stop();
});

const table: Readonly<Record<string, RouteContract>> = routes;
const guarded = Object.entries(table).filter(([, contract]) => contract.role !== 'public');
const pathOf = (contract: RouteContract): string => contract.path.replace(/:[A-Za-z]+/g, 'edge');

describe('every route that is not public', () => {
  it.each(guarded)('%s refuses without a token', async (_id, contract) => {
    const answer = await server.call(contract.method, pathOf(contract), { token: null });
    expect(answer.status).toBe(401);
    expect(answer.body).toMatchObject({ code: 'unauthenticated', status: 401 });
    expect(answer.headers['content-type']).toContain('application/problem+json');
    expect(answer.headers['www-authenticate']).toContain('Bearer');
  });

  const lesser = { operator: 'viewer', admin: 'operator' } as const;
  const ranked = guarded.filter(([, contract]) => contract.role === 'operator' || contract.role === 'admin');
  it.each(ranked)('%s refuses too low a role', async (_id, contract) => {
    const role = contract.role === 'admin' ? lesser.admin : lesser.operator;
    const answer = await server.call(contract.method, pathOf(contract), { token: server.tokens[role], body: {} });
    expect(answer.status).toBe(403);
    expect(answer.body).toMatchObject({ code: 'forbidden' });
  });

  it.each(guarded.filter(([, contract]) => contract.scope !== 'none'))(
    '%s refuses what its token does not reach',
    async (_id, contract) => {
      const token = await server.makeToken('admin', { sites: ['none-such'], deployments: ['none-*'] });
      const answer = await server.call(contract.method, pathOf(contract), { token, body: {} });
      expect(answer.status).toBe(403);
    },
  );
});

describe('a token', () => {
  it('lists only what it reaches', async () => {
    const token = await server.makeToken('operator', { sites: ['la*'], deployments: ['ben*'] });
    const names = async (url: string) => (await server.call('GET', url, { token })).body;
    expect(await names('/api/v1/sites')).toMatchObject({ items: [{ name: 'lab' }], next: null });
    expect(await names('/api/v1/deployments')).toMatchObject({ items: [{ name: 'bench' }], next: null });
    const events = await server.call('GET', '/api/v1/events?limit=500', { token });
    expect(JSON.stringify(events.body)).toContain('bench');
    expect(JSON.stringify(events.body)).not.toMatch(/edge|here|token\./);
    expect((await server.call('GET', '/api/v1/sites/lab', { token })).status).toBe(200);
    expect((await server.call('GET', '/api/v1/deployments/edge', { token })).status).toBe(403);
  });

  it('puts no deployment onto a site that it does not reach', async () => {
    const token = await server.makeToken('operator', { sites: ['lab'] });
    const body =
      '{formwork: 1, name: far, workflow: base, groups: [{name: host, roles: [host], count: 1, site: here}]}';
    const refused = await server.call('PUT', '/api/v1/deployments/far', { token, body });
    expect(refused).toMatchObject({ status: 403, body: { detail: expect.stringContaining('here') as string } });
    const { body: plan } = await server.call('GET', '/api/v1/deployments/edge/plan', { token });
    const id = String(Reflect.get(Object(plan), 'id'));
    expect((await server.call('POST', `/api/v1/deployments/edge/plans/${id}/approve`, { token })).status).toBe(403);
    expect((await server.call('POST', `/api/v1/deployments/bench/plans/${id}/approve`)).status).toBe(404);
  });

  it('is shown once, listed without its text, used with a trace, and useless once revoked', async () => {
    const made = await server.call('POST', '/api/v1/tokens', { body: { name: 'ci', role: 'viewer' } });
    expect(made).toMatchObject({
      status: 201,
      body: { name: 'ci', createdBy: expect.stringMatching(/^token:/) as string },
    });
    const text = String(Reflect.get(Object(made.body), 'token'));
    expect(text).toMatch(/^fw_/);
    expect((await server.call('GET', '/api/v1/sites', { token: text })).status).toBe(200);
    const listed = await server.call('GET', '/api/v1/tokens?limit=500');
    expect(JSON.stringify(listed.body)).not.toContain(text);
    const again = await server.call('POST', '/api/v1/tokens', { body: { name: 'ci', role: 'viewer' } });
    expect(again).toMatchObject({ status: 409, body: { code: 'already-exists' } });
    expect((await server.call('DELETE', '/api/v1/tokens/ci')).status).toBe(204);
    const after = await server.call('GET', '/api/v1/sites', { token: text });
    expect(after).toMatchObject({ status: 401, body: { detail: 'this token is revoked' } });
  });

  it('ends with its expiry', async () => {
    const body = { name: 'short', role: 'viewer', expiresAt: '2020-01-01T00:00:00Z' };
    const made = await server.call('POST', '/api/v1/tokens', { body });
    const token = String(Reflect.get(Object(made.body), 'token'));
    expect((await server.call('GET', '/api/v1/sites', { token })).status).toBe(401);
  });
});
