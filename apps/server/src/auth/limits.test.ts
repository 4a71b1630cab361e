import { afterAll, beforeAll, expect, it } from 'vitest';
import { startTestDatabase, type TestDatabase } from '../../../../test/support/database.ts';
import { openTestServer, type TestServer } from '../testing/test-server.ts';

let postgres: TestDatabase;
let server: TestServer;
let nowMs = Date.UTC(2026, 0, 1);
beforeAll(async () => {
  postgres = await startTestDatabase();
  server = await openTestServer(postgres.url, {
    now: () => new Date(nowMs),
    limits: { failedLoginsPerMinute: 5, requestsPerMinute: 30 },
  });
});
afterAll(async () => {
  await server.close();
  await postgres.stop();
});

it('stops listening to an address that shows wrong tokens, but not to who showed a right one', async () => {
  const fresh = await server.makeToken('viewer');
  expect((await server.call('GET', '/api/v1/sites')).status).toBe(200);
  const wrong = `fw_${'a'.repeat(43)}`;
  for (let tries = 0; tries < 5; tries += 1) {
    expect((await server.call('GET', '/api/v1/sites', { token: wrong })).status).toBe(401);
  }
  const limited = await server.call('GET', '/api/v1/sites', { token: `fw_${'b'.repeat(43)}` });
  expect(limited).toMatchObject({ status: 429, body: { code: 'rate-limited' } });
  expect((await server.call('GET', '/api/v1/sites', { token: fresh })).status).toBe(429);
  expect((await server.call('GET', '/api/v1/sites')).status).toBe(200);
  nowMs += 61_000;
  expect((await server.call('GET', '/api/v1/sites', { token: fresh })).status).toBe(200);
});

it('answers 429 to one token that asks too much, and to nobody else', async () => {
  const busy = await server.makeToken('viewer');
  const statuses: number[] = [];
  for (let asked = 0; asked < 32; asked += 1) {
    statuses.push((await server.call('GET', '/api/v1/packs', { token: busy })).status);
  }
  expect(statuses.slice(0, 30)).toEqual(Array.from({ length: 30 }, () => 200));
  expect(statuses.slice(30)).toEqual([429, 429]);
  const other = await server.makeToken('viewer');
  expect((await server.call('GET', '/api/v1/packs', { token: other })).status).toBe(200);
});
