import { afterAll, beforeAll, expect, it } from 'vitest';
import { startTestDatabase, type TestDatabase } from '../../../../test/support/database.ts';
import { type House, openHouse } from '../../../../test/support/house.ts';
import { openTestServer, type TestServer } from '../testing/test-server.ts';

// The engine works in this house, as another process would: the server hears of nothing but by the database.
let postgres: TestDatabase;
let house: House;
let server: TestServer;
beforeAll(async () => {
  postgres = await startTestDatabase();
  house = await openHouse({ databaseUrl: postgres.url, redisUrl: null });
  await house.addSite('here', 'sim', { state: 'memory', bootMs: 0, steps: { defaultMs: 1 } });
  await house.startWorker({ slots: 8 });
  server = await openTestServer(postgres.url);
});
afterAll(async () => {
  await server.close();
  await house.close();
  await postgres.stop();
});

const name = 'kept';
const base = `/api/v1/deployments/${name}`;
const spec = (count: number) => `
name: ${name}
workflow: etcd
groups: [{name: etcd, roles: [etcd], count: ${String(count)}, site: here, size: {cpus: 1, memoryGiB: 1}}]
`;
const field = (body: unknown, key: string): unknown => Reflect.get(Object(body), key);
const names = (body: unknown, key: string): readonly string[] => {
  const items = field(body, 'items');
  return Array.isArray(items) ? items.map((item) => String(field(item, key))) : [];
};
const lists = [
  base,
  '/api/v1/deployments',
  '/api/v1/nodes',
  `/api/v1/nodes?deployment=${name}&state=ready`,
  `${base}/node-roles?limit=500`,
  `${base}/node-roles?limit=5`,
  `${base}/node-roles?state=active`,
  `${base}/node-roles?role=etcd-member`,
];

/** Everything about the deployment that a server answers, with its tag. */
async function lookAround(by: TestServer): Promise<ReadonlyMap<string, unknown>> {
  const seen = new Map<string, unknown>();
  const look = async (path: string): Promise<unknown> => {
    const { status, headers, body } = await by.call('GET', path);
    seen.set(path, { status, etag: headers['etag'], body });
    return body;
  };
  for (const path of lists) await look(path);
  const keys = names(await look(`${base}/node-roles?limit=499`), 'key');
  for (const key of keys) await look(`${base}/node-roles/${key}`);
  for (const node of names(await look('/api/v1/nodes?limit=500'), 'name')) await look(`/api/v1/nodes/${node}`);
  return seen;
}

/** What has looked all the time sees what one sees that has just come. */
async function expectNothingOld(): Promise<void> {
  const fresh = await openTestServer(postgres.url);
  try {
    expect(await lookAround(server)).toEqual(await lookAround(fresh));
  } finally {
    await fresh.close();
  }
}

async function lookUntilTheEndOf(runId: string): Promise<string> {
  const over = new AbortController();
  const ended = house.runEnd(runId).finally(() => over.abort());
  while (!over.signal.aborted) await lookAround(server);
  return ended;
}

it('keeps nothing that the engine has changed since', async () => {
  const { runId } = await house.apply(spec(3));
  expect(await lookUntilTheEndOf(runId)).toBe('succeeded');
  await expectNothingOld();
  const list = await server.call('GET', `${base}/node-roles?limit=500`);
  expect(names(list.body, 'key')).toHaveLength(29);
  expect(names((await server.call('GET', `${base}/node-roles?state=active&limit=500`)).body, 'key')).toHaveLength(29);
  // The same again is the same.
  await expectNothingOld();
});

it('shows one of a list as the list does', async () => {
  const list = field((await server.call('GET', `${base}/node-roles?limit=500`)).body, 'items');
  for (const item of Array.isArray(list) ? list : []) {
    const one = await server.call('GET', `${base}/node-roles/${String(field(item, 'id'))}`);
    expect(one.body).toEqual(item);
    expect(one.headers['etag']).toBe(`"${String(field(item, 'version'))}"`);
  }
});

it('keeps nothing that people change by another server', async () => {
  const other = await openTestServer(postgres.url);
  const [node = ''] = names((await server.call('GET', '/api/v1/nodes')).body, 'name');
  const before = await server.call('GET', `/api/v1/nodes/${node}`);
  await other.call('PATCH', `/api/v1/nodes/${node}`, { body: { labels: { rack: 'r7' } } });
  const after = await server.call('GET', `/api/v1/nodes/${node}`);
  expect(after.body).toMatchObject({ labels: { rack: 'r7' } });
  expect(after.headers['etag']).not.toBe(before.headers['etag']);
  await other.close();
  await expectNothingOld();
});

it('keeps nothing of what is gone', async () => {
  const { runId } = await house.apply(spec(2));
  expect(await lookUntilTheEndOf(runId)).toBe('succeeded');
  await expectNothingOld();
  const destroyed = await house.destroy(name);
  expect(await lookUntilTheEndOf(destroyed.runId)).toBe('succeeded');
  await expectNothingOld();
  expect(field((await server.call('GET', base)).body, 'state')).toBe('destroyed');
});
