import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { z } from 'zod';
import { startTestDatabase, type TestDatabase } from '../../../../test/support/database.ts';
import { openTestServer, type TestServer } from '../testing/test-server.ts';

let postgres: TestDatabase;
let first: TestServer;
let second: TestServer;
beforeAll(async () => {
  postgres = await startTestDatabase();
  first = await openTestServer(postgres.url);
  second = await openTestServer(postgres.url);
});
afterAll(async () => {
  await Promise.all([first.close(), second.close()]);
  await postgres.stop();
});

it('forgets a revoked token before the route that revokes it answers, and on another server by its event', async () => {
  const made = await first.call('POST', '/api/v1/tokens', { body: { name: 'short-lived', role: 'viewer' } });
  expect(made.status).toBe(201);
  const { token } = z.object({ token: z.string() }).parse(made.body);
  const statusOn = async (server: TestServer) => (await server.call('GET', '/api/v1/sites', { token })).status;
  expect([await statusOn(first), await statusOn(second)]).toEqual([200, 200]);
  expect((await first.call('DELETE', '/api/v1/tokens/short-lived')).status).toBe(204);
  expect(await statusOn(first)).toBe(401);
  // Asked anew each time: an answer from memory would last for seconds.
  await vi.waitFor(async () => expect(await statusOn(second)).toBe(401), { timeout: 4_000 });
});
