import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { z } from 'zod';
import { startTestDatabase, type TestDatabase } from '../../../../test/support/database.ts';
import { openTestServer, type TestServer } from '../testing/test-server.ts';
import { hashToken } from '@formwork/db';
import { createKnownTokens } from './known-tokens.ts';

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

it('reads a token that is in use anew beside the answers, and never goes by what is older than 5 s', async () => {
  const { inventory, feed } = first.deps;
  let nowMs = Date.now();
  let reads = 0;
  let reading: Promise<unknown> = Promise.resolve();
  const counted = {
    ...inventory.tokens,
    byHash: (hash: string) => {
      reads += 1;
      const read = inventory.tokens.byHash(hash);
      reading = read;
      return read;
    },
  };
  const known = createKnownTokens({ inventory: { tokens: counted }, feed, now: () => new Date(nowMs) });
  const hash = hashToken(first.tokens.viewer);
  const readsAfter = async (ms: number): Promise<number> => {
    nowMs += ms;
    expect(await known.byHash(hash)).toMatchObject({ role: 'viewer' });
    return reads;
  };
  expect(await readsAfter(0)).toBe(1);
  expect(await readsAfter(2_000)).toBe(1);
  // Two ask, one reads it anew.
  expect(await readsAfter(1_000)).toBe(2);
  expect(await readsAfter(0)).toBe(2);
  await reading;
  expect(await readsAfter(2_400)).toBe(2);
  expect(await readsAfter(10_000)).toBe(3);
  // Nobody of that name: asked each time.
  expect(await known.byHash(hashToken('nobody'))).toBeNull();
  expect(await known.byHash(hashToken('nobody'))).toBeNull();
  expect(reads).toBe(5);
  known.close();
});
