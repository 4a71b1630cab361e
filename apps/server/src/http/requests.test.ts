import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestDatabase, type TestDatabase } from '../../../../test/support/database.ts';
import { openTestServer, type TestServer } from '../testing/test-server.ts';

let postgres: TestDatabase;
let server: TestServer;
beforeAll(async () => {
  postgres = await startTestDatabase();
  server = await openTestServer(postgres.url);
});
afterAll(async () => {
  await server.close();
  await postgres.stop();
});

const site = (name: string, more: object = {}) => ({ name, provider: 'sim', ...more });
const field = (body: unknown, name: string): unknown => Reflect.get(Object(body), name);

describe('what is wrong with a request is said as a problem', () => {
  const bad: readonly (readonly [string, number, string, Parameters<TestServer['call']>])[] = [
    ['no such path', 404, 'not-found', ['GET', '/api/v1/nothing']],
    ['no such thing', 404, 'not-found', ['GET', '/api/v1/sites/none']],
    ['no such id', 404, 'not-found', ['GET', '/api/v1/runs/none']],
    ['a name nobody can have', 404, 'not-found', ['GET', '/api/v1/deployments/No_Name']],
    ['another method', 405, 'method-not-allowed', ['DELETE', '/api/v1/packs']],
    ['not the asked-for form', 406, 'not-acceptable', ['GET', '/api/v1/deployments/x/node-roles/y/log/stream']],
    ['another media type', 415, 'unsupported-media-type', ['POST', '/api/v1/sites', { body: 'name: a' }]],
    ['an unknown field', 400, 'invalid-request', ['POST', '/api/v1/sites', { body: site('a', { nam: 1 }) }]],
    ['a bad cursor', 400, 'invalid-request', ['GET', '/api/v1/sites?cursor=x']],
    ['a bad limit', 400, 'invalid-request', ['GET', '/api/v1/sites?limit=0']],
    ['a NUL in the path', 400, 'invalid-request', ['GET', '/api/v1/sites/a%00b']],
    [
      'a NUL in the body',
      400,
      'invalid-request',
      ['POST', '/api/v1/tokens', { body: { name: 'a\0', role: 'viewer' } }],
    ],
    [
      'half a character',
      400,
      'invalid-request',
      ['POST', '/api/v1/sites', { body: site('a', { params: { a: '\ud800' } }) }],
    ],
    ['a bad escape', 400, 'invalid-request', ['GET', '/api/v1/sites/%zz']],
    [
      'an unknown provider',
      422,
      'invalid-content',
      ['POST', '/api/v1/sites', { body: { name: 'a', provider: 'none' } }],
    ],
    [
      'a bad configuration',
      422,
      'invalid-content',
      ['POST', '/api/v1/sites', { body: site('a', { configuration: { x: 1 } }) }],
    ],
    [
      'an unknown secret',
      422,
      'invalid-content',
      ['POST', '/api/v1/sites', { body: site('a', { credentials: 'none' }) }],
    ],
    [
      'no archive',
      422,
      'invalid-content',
      ['POST', '/api/v1/packs', { body: 'x', headers: { 'content-type': 'application/gzip' } }],
    ],
    ['no live run', 404, 'not-found', ['POST', '/api/v1/deployments/none/pause']],
  ];
  it.each(bad)('%s: %i', async (_name, status, code, call) => {
    const answer = await server.call(...call);
    expect(answer).toMatchObject({ status, body: { status, code, type: `urn:formwork:problem:${code}` } });
    expect(answer.headers['content-type']).toContain('application/problem+json');
  });

  it('says which methods a path takes, and refuses what is too large or too deep', async () => {
    const other = await server.call('PATCH', '/api/v1/sites', { body: {} });
    expect(other.headers['allow']).toBe('GET, POST');
    const large = await server.call('POST', '/api/v1/sites', {
      body: site('a', { configuration: { x: 'x'.repeat(2 ** 20) } }),
    });
    expect(large).toMatchObject({ status: 413, body: { code: 'payload-too-large' } });
    const deep = `${'{"a":'.repeat(50_000)}1${'}'.repeat(50_000)}`;
    const headers = { authorization: `Bearer ${server.tokens.admin}`, 'content-type': 'application/json' };
    const answer = await server.app.inject({ method: 'POST', url: '/api/v1/sites', headers, payload: deep });
    expect(answer.statusCode).toBe(400);
    const yaml = await server.call('PUT', '/api/v1/deployments/a', { body: '['.repeat(100_000) });
    expect(yaml.status).toBe(422);
  });
});

describe('health', () => {
  it('needs no token, and readiness names what it looked at', async () => {
    expect(await server.call('GET', '/healthz', { token: null })).toMatchObject({
      status: 200,
      body: { status: 'ok' },
    });
    const ready = await server.call('GET', '/readyz', { token: null });
    expect(ready).toMatchObject({
      status: 200,
      body: { ready: true, checks: [{ name: 'database' }, { name: 'queue' }, {}] },
    });
    expect((await server.call('GET', '/openapi.json', { token: null })).body).toMatchObject({ openapi: '3.1.0' });
    const metrics = await server.call('GET', '/metrics');
    expect(metrics.headers['content-type']).toContain('text/plain');
    expect(metrics.body).toContain('formwork_http_requests_total{operation="/healthz",method="GET",status="200"} 1');
  });
});

describe('Idempotency-Key', () => {
  const post = (key: string, body: object, url = '/api/v1/sites') =>
    server.call('POST', url, { body, headers: { 'idempotency-key': key } });

  it('answers the same request once and then again the same, and another request not at all', async () => {
    const first = await post('one', site('idem'));
    expect(first.status).toBe(201);
    const again = await post('one', site('idem'));
    expect(again.status).toBe(201);
    expect(again.body).toEqual(first.body);
    expect(again.headers['etag']).toBe(first.headers['etag']);
    expect(await post('one', site('other'))).toMatchObject({ status: 422, body: { code: 'idempotency-mismatch' } });
    expect((await post('two', site('idem'))).status).toBe(409);
    expect((await post('one', { name: 'a', role: 'viewer' }, '/api/v1/tokens')).status).toBe(201);
    expect((await post('bad key', site('x'))).status).toBe(400);
  });

  it('belongs to a token, keeps no failure, and never shows a token twice', async () => {
    expect((await post('three', site('broken', { configuration: { x: 1 } }))).status).toBe(422);
    expect((await post('three', site('mended'))).status).toBe(201);
    const body = { name: 'once', role: 'viewer' };
    const made = await post('four', body, '/api/v1/tokens');
    expect(field(made.body, 'token')).toMatch(/^fw_/);
    expect(field((await post('four', body, '/api/v1/tokens')).body, 'token')).toBe('');
    const other = await server.makeToken('admin');
    const headers = { 'idempotency-key': 'three' };
    expect((await server.call('POST', '/api/v1/sites', { token: other, body: site('third'), headers })).status).toBe(
      201,
    );
  });

  it('lets only one of many at once through', async () => {
    const answers = await Promise.all(Array.from({ length: 8 }, () => post('race', site('raced'))));
    const statuses = answers.map((answer) => answer.status);
    expect(statuses.filter((status) => status === 201).length).toBeGreaterThanOrEqual(1);
    for (const { status, body } of answers) {
      if (status !== 201)
        expect({ status, body }).toMatchObject({ status: 409, body: { code: 'idempotency-in-flight' } });
    }
    const rows = await server.db.query(`SELECT id FROM sites WHERE name = 'raced'`);
    expect(rows).toHaveLength(1);
  });

  it('is forgotten after 24 hours', async () => {
    expect((await post('old', site('aged'))).status).toBe(201);
    await server.db.query(`UPDATE idempotency_keys SET created_at = now() - interval '25 hours' WHERE key = 'old'`);
    expect((await post('old', site('newer'))).status).toBe(201);
  });
});

describe('If-Match', () => {
  it('lets a change through that was made of what is there, and refuses a stale one', async () => {
    const made = await server.call('POST', '/api/v1/sites', { body: site('tagged') });
    expect(made.headers['etag']).toBe('"1"');
    const patch = (etag: string, body: object) =>
      server.call('PATCH', '/api/v1/sites/tagged', { body, headers: { 'if-match': etag } });
    const changed = await patch('"1"', { maxNodes: 3, params: { 'base.timeSync': 'none', gone: 1 } });
    expect(changed).toMatchObject({ status: 200, body: { maxNodes: 3, version: 2 } });
    expect(changed.headers['etag']).toBe('"2"');
    expect(await patch('"1"', { maxNodes: 4 })).toMatchObject({ status: 412, body: { code: 'precondition-failed' } });
    expect((await patch('"nonsense"', { maxNodes: 4 })).status).toBe(412);
    const merged = await patch('*', { params: { gone: null } });
    expect(merged.body).toMatchObject({ maxNodes: 3, params: { 'base.timeSync': 'none' } });
    const stale = await server.call('DELETE', '/api/v1/sites/tagged', { headers: { 'if-match': '"2"' } });
    expect(stale.status).toBe(412);
    const gone = await server.call('DELETE', '/api/v1/sites/tagged', { headers: { 'if-match': '"3"' } });
    expect(gone.status).toBe(204);
    expect((await server.call('GET', '/api/v1/sites/tagged')).status).toBe(404);
  });
});

describe('a paged list', () => {
  it('is the same whatever the size of its pages, and shows the fields that were asked for', async () => {
    const names: string[] = [];
    const all = await server.call('GET', '/api/v1/sites?limit=500');
    for (let cursor: string | null = ''; cursor !== null; ) {
      const query: string = cursor === '' ? '' : `&cursor=${cursor}`;
      const page = await server.call('GET', `/api/v1/sites?limit=2&fields=provider${query}`);
      const items = field(page.body, 'items');
      expect(Array.isArray(items) && items.length <= 2).toBe(true);
      for (const item of Array.isArray(items) ? items : []) {
        expect(Object.keys(Object(item) as object).sort()).toEqual(['id', 'name', 'provider']);
        names.push(String(field(item, 'name')));
      }
      const next = field(page.body, 'next');
      cursor = typeof next === 'string' ? next : null;
    }
    const whole = field(all.body, 'items');
    expect(names).toEqual((Array.isArray(whole) ? whole : []).map((item) => String(field(item, 'name'))));
    expect(names.length).toBeGreaterThan(4);
  });
});
