import { afterAll, beforeAll, expect, it } from 'vitest';
import { brokenAuditLink } from '@formwork/db';
import { startTestDatabase, type TestDatabase } from '../../../../test/support/database.ts';
import { openTestServer, type TestServer } from '../testing/test-server.ts';

let postgres: TestDatabase;
let server: TestServer;
beforeAll(async () => {
  postgres = await startTestDatabase();
  server = await openTestServer(postgres.url);
  await server.call('POST', '/api/v1/sites', { body: { name: 'here', provider: 'sim' } });
});
afterAll(async () => {
  await server.close();
  await postgres.stop();
});

const field = (body: unknown, name: string): unknown => Reflect.get(Object(body), name);
const listed = (body: unknown): readonly unknown[] => {
  const items = field(body, 'items');
  return Array.isArray(items) ? items : [];
};
const spec = (quota: number) => `
formwork: 1
name: edge
workflow: etcd
params: {etcd: {quotaBackendBytes: ${quota}}}
groups: [{name: etcd, roles: [etcd], count: 3, site: here, size: {cpus: 1, memoryGiB: 1}}]
`;
const put = (body: string, headers = {}) => server.call('PUT', '/api/v1/deployments/edge', { body, headers });
const base = '/api/v1/deployments/edge';

it('goes from a specification to a run, and says at each step what is', async () => {
  const planned = await put(spec(2 ** 31));
  expect(planned).toMatchObject({
    status: 201,
    body: {
      status: 'open',
      purpose: 'apply',
      specificationVersion: 1,
      counts: { actionsToRun: 29, total: 29, nodesCreated: 3 },
    },
  });
  expect(field(planned.body, 'warnings')).toEqual([expect.stringContaining('no worker serves site here')]);
  const same = await put(spec(2 ** 31));
  expect(same).toMatchObject({ status: 200, body: { id: field(planned.body, 'id') } });
  expect((await put(spec(2 ** 32), { 'if-match': '"9"' })).status).toBe(412);
  const other = await put(spec(2 ** 32));
  expect(other).toMatchObject({ status: 201, body: { specificationVersion: 2 } });
  const plans = await server.call('GET', `${base}/plans`);
  expect(listed(plans.body)).toMatchObject([{ status: 'open' }, { status: 'superseded' }]);

  const params = await server.call('GET', `${base}/params?node=edge-etcd-1&explain=true`);
  expect(field(params.body, 'params')).toContainEqual(
    expect.objectContaining({
      name: 'etcd.quotaBackendBytes',
      value: 2 ** 32,
      source: { layer: 'deployment', name: null },
      layers: [expect.objectContaining({ layer: 'default' }), { layer: 'deployment', name: null, value: 2 ** 32 }],
    }),
  );

  const approve = (id: unknown) => server.call('POST', `${base}/plans/${String(id)}/approve`);
  expect(await approve(field(planned.body, 'id'))).toMatchObject({ status: 409, body: { code: 'plan-stale' } });
  const run = await approve(field(other.body, 'id'));
  expect(run).toMatchObject({ status: 202, body: { state: 'running', counts: { actionsToRun: 29, done: 0 } } });
  expect(await server.call('GET', base)).toMatchObject({
    status: 200,
    body: {
      state: 'running',
      liveRun: field(run.body, 'id'),
      nodes: 3,
      nodeRoles: { blocked: 29 },
      committedVersion: 2,
    },
  });
  const graph = await server.call('GET', `${base}/graph`);
  expect(graph).toMatchObject({ status: 200, body: { plan: field(other.body, 'id') } });
});

it('lists node-roles in the order of stages, page by page, and says why they do not run', async () => {
  const keys: string[] = [];
  const stages: string[] = [];
  for (let cursor: string | null = ''; cursor !== null; ) {
    const query: string = cursor === '' ? '' : `&cursor=${cursor}`;
    const page = await server.call('GET', `${base}/node-roles?limit=7${query}`);
    for (const item of listed(page.body)) {
      keys.push(String(field(item, 'key')));
      stages.push(String(field(item, 'stage')));
    }
    const next = field(page.body, 'next');
    cursor = typeof next === 'string' ? next : null;
  }
  expect(new Set(keys).size).toBe(29);
  expect([...new Set(stages)]).toEqual(['machine', 'baseline', 'etcd']);
  expect(keys.slice(0, 3)).toEqual(['machine@edge-etcd-1', 'machine@edge-etcd-2', 'machine@edge-etcd-3']);
  const why = await server.call('GET', `${base}/node-roles/etcd-cluster/why`);
  const chain = field(why.body, 'chain');
  expect(chain).toEqual(expect.arrayContaining([expect.objectContaining({ depth: 0, key: 'etcd-cluster' })]));
  expect(chain).toContainEqual(
    expect.objectContaining({ key: 'machine@edge-etcd-3', reason: { kind: 'no-worker', site: 'here' } }),
  );
  expect(await server.call('GET', `${base}/node-roles/machine@edge-etcd-1`)).toMatchObject({
    status: 200,
    body: { action: 'create-node', reasons: [{ kind: 'no-worker', site: 'here' }], sentence: 'no worker serves here' },
  });
  expect((await server.call('GET', `${base}/node-roles/machine@edge-etcd-1/log`)).status).toBe(404);
  const one = '/node-roles/etcd-cluster';
  expect((await server.call('POST', `${base}${one}/retry`)).status).toBe(409);
  const stale = { body: { reason: 'not today' }, headers: { 'if-match': '"77"' } };
  expect((await server.call('POST', `${base}${one}/skip`, stale)).status).toBe(412);
  const skipped = await server.call('POST', `${base}${one}/skip`, { body: { reason: 'not today' } });
  expect(skipped).toMatchObject({ status: 200, body: { state: { state: 'skipped' }, sentence: 'skipped: not today' } });
});

it('lists what fits of the node-roles in the same order, whatever the filter and the size of a page', async () => {
  const keysOf = async (query: string, limit: number): Promise<readonly string[]> => {
    const keys: string[] = [];
    for (let cursor: string | null = ''; cursor !== null; ) {
      const more: string = cursor === '' ? '' : `&cursor=${cursor}`;
      const page = await server.call('GET', `${base}/node-roles?limit=${String(limit)}${query}${more}`);
      keys.push(...listed(page.body).map((item) => String(field(item, 'key'))));
      const next = field(page.body, 'next');
      cursor = typeof next === 'string' ? next : null;
    }
    return keys;
  };
  const all = await keysOf('', 500);
  const shown = listed((await server.call('GET', `${base}/node-roles`)).body);
  const states = [...new Set(shown.map((item) => String(field(field(item, 'state'), 'state'))))];
  expect(states).toContain('skipped');
  for (const limit of [1, 2, 5, 100]) {
    expect(await keysOf('', limit)).toEqual(all);
    expect(await keysOf(`&state=${states.join(',')}`, limit)).toEqual(all);
    expect(await keysOf('&state=skipped', limit)).toEqual(['etcd-cluster']);
    expect(await keysOf('&state=active', limit)).toEqual([]);
    const ofNode = all.filter((key) => key.endsWith('@edge-etcd-2'));
    expect(await keysOf('&node=edge-etcd-2', limit)).toEqual(ofNode);
    expect(await keysOf(`&node=edge-etcd-2&state=${states.join(',')}`, limit)).toEqual(ofNode);
    expect(await keysOf('&state=removed', limit)).toEqual([]);
    expect(await keysOf('&run=nothing', limit)).toEqual([]);
  }
  expect((await server.call('GET', '/api/v1/deployments/none/node-roles?state=active')).status).toBe(404);
  expect((await server.call('GET', '/api/v1/deployments/none/node-roles/etcd-cluster')).status).toBe(404);
  expect((await server.call('GET', `${base}/node-roles/none`)).status).toBe(404);
  const one = listed((await server.call('GET', `${base}/node-roles?state=skipped`)).body)[0];
  const byId = await server.call('GET', `${base}/node-roles/${String(field(one, 'id'))}`);
  expect(byId).toMatchObject({ status: 200, body: { key: 'etcd-cluster' } });
});

it('steers a run', async () => {
  expect(await server.call('POST', `${base}/pause`)).toMatchObject({ status: 200, body: { state: 'paused' } });
  expect(await server.call('GET', '/api/v1/deployments?state=paused')).toMatchObject({
    body: { items: [{ name: 'edge' }] },
  });
  expect(await server.call('POST', `${base}/resume`)).toMatchObject({ status: 200, body: { state: 'running' } });
  const cancelled = await server.call('POST', `${base}/cancel`);
  expect(cancelled).toMatchObject({ status: 200, body: { state: 'cancelled' } });
  expect(await server.call('POST', `${base}/cancel`)).toMatchObject({ status: 409, body: { code: 'no-live-run' } });
  expect((await server.call('GET', base)).body).toMatchObject({ state: 'failed', liveRun: null });
});

it('keeps a site that is needed, and locks and labels nodes', async () => {
  expect(await server.call('DELETE', '/api/v1/sites/here')).toMatchObject({ status: 409, body: { code: 'in-use' } });
  const node = '/api/v1/nodes/edge-etcd-1';
  const patched = await server.call('PATCH', node, {
    body: { labels: { rack: 'a1' }, locked: true },
    headers: { 'content-type': 'application/merge-patch+json' },
  });
  expect(patched).toMatchObject({ status: 200, body: { labels: { rack: 'a1' }, locked: true, state: 'planned' } });
  expect(await server.call('GET', '/api/v1/nodes?label=rack=a1')).toMatchObject({
    body: { items: [{ name: 'edge-etcd-1' }] },
  });
  expect(listed((await server.call('GET', '/api/v1/nodes?label=rack')).body)).toHaveLength(1);
  expect(listed((await server.call('GET', '/api/v1/nodes?label=rack=b')).body)).toHaveLength(0);
  expect(await server.call('DELETE', node)).toMatchObject({ status: 409, body: { code: 'in-use' } });
  const power = await server.call('POST', `${node}/power`, { body: { state: 'off' } });
  expect(power).toMatchObject({ status: 503, body: { code: 'unavailable', problems: [{ code: 'no-worker' }] } });
  expect(await server.call('GET', `${base}/leaks`)).toMatchObject({
    status: 200,
    body: { clean: false, resources: [], unanswered: [{ site: 'here' }] },
  });
});

it('seals secrets by name and shows none of them, not to the audit log either', async () => {
  const value = 'correct horse battery';
  const url = '/api/v1/secrets/cloud';
  expect(await server.call('PUT', url, { body: { value } })).toMatchObject({
    status: 201,
    body: { name: 'cloud', version: 1 },
  });
  expect(await server.call('PUT', url, { body: { value: `${value}!` } })).toMatchObject({
    status: 200,
    body: { version: 2 },
  });
  expect((await server.call('PUT', url, { body: { value }, headers: { 'if-match': '"1"' } })).status).toBe(412);
  expect((await server.call('GET', '/api/v1/secrets')).body).toMatchObject({ items: [{ name: 'cloud', version: 2 }] });
  for (const table of ['secrets', 'audit', 'events']) {
    const rows = await server.db.query(`SELECT * FROM ${table}`);
    expect(JSON.stringify(rows)).not.toContain('horse');
  }
  expect((await server.call('DELETE', url)).status).toBe(204);
});

it('has every mutation in an audit log whose entries hold each other', async () => {
  const entries = await server.deps.inventory.audit.list({ limit: 500, after: null });
  const actions = new Set(entries.items.map((entry) => entry.action));
  for (const action of [
    'site.create',
    'deployment.propose',
    'plan.approve',
    'node-role.skip',
    'run.pause',
    'run.cancel',
    'node.change',
    'secret.set',
  ]) {
    expect(actions).toContain(action);
  }
  expect(entries.items.every((entry) => entry.actor.startsWith('token:') && entry.address === '127.0.0.1')).toBe(true);
  const chain = [...entries.items].reverse();
  expect(brokenAuditLink(chain, '')).toBeNull();
  const forged = chain.map((entry, at) => (at === 3 ? { ...entry, actor: 'nobody' } : entry));
  expect(brokenAuditLink(forged, '')?.id).toBe(4);
  expect(
    brokenAuditLink(
      chain.filter((_, at) => at !== 3),
      '',
    )?.id,
  ).toBe(5);
});
