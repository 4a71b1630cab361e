import { createClient, type StreamEvent } from '@formwork/api';
import { randomUUID } from 'node:crypto';
import { get, type IncomingMessage } from 'node:http';
import { appendLog } from '@formwork/db';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { startTestDatabase, type TestDatabase } from '../../../../test/support/database.ts';
import { openTestServer, type TestServer } from '../testing/test-server.ts';

let postgres: TestDatabase;
let server: TestServer;
let baseUrl = '';
beforeAll(async () => {
  postgres = await startTestDatabase();
  server = await openTestServer(postgres.url);
  baseUrl = await server.app.listen({ host: '127.0.0.1', port: 0 });
});
afterAll(async () => {
  await server.close();
  await postgres.stop();
});

const addSite = async (name: string) => {
  expect((await server.call('POST', '/api/v1/sites', { body: { name, provider: 'sim' } })).status).toBe(201);
};
const client = () => createClient({ baseUrl, token: server.tokens.admin });

/** Reads a stream into a list until it is stopped. */
function collect(input: {
  readonly after?: number;
  readonly kind?: string;
  readonly token?: string;
  readonly lastEventId?: string;
}) {
  const stop = new AbortController();
  const events: StreamEvent<'listEvents'>[] = [];
  const { token, lastEventId, ...query } = input;
  const reading = (async () => {
    const from = createClient({ baseUrl, token: token ?? server.tokens.admin });
    const more = lastEventId === undefined ? {} : { lastEventId };
    for await (const event of from.stream('listEvents', { query, signal: stop.signal, ...more })) events.push(event);
  })().catch(() => undefined);
  return { events, names: () => events.map((event) => event.data.site), end: async () => (stop.abort(), reading) };
}

describe('the event stream', () => {
  it('replays what was missed, goes on live, and resumes without a gap or a repetition', async () => {
    await addSite('one');
    await addSite('two');
    const first = collect({ after: 0, kind: 'site.' });
    await vi.waitFor(() => expect(first.names()).toEqual(['one', 'two']));
    await addSite('three');
    await vi.waitFor(() => expect(first.names()).toEqual(['one', 'two', 'three']));
    const last = first.events.at(-1)?.id ?? '';
    await first.end();
    await addSite('four');
    const second = collect({ kind: 'site.', lastEventId: last });
    await vi.waitFor(() => expect(second.names()).toEqual(['four']));
    await addSite('five');
    await vi.waitFor(() => expect(second.names()).toEqual(['four', 'five']));
    await second.end();
    const ids = [...first.events, ...second.events].map((event) => Number(event.id));
    expect([...ids].sort((a, b) => a - b)).toEqual(ids);
  });

  it('gives every listener everything in order while much happens', async () => {
    const after = (await client().call('listEvents', { query: { limit: 500 } })).items.at(-1)?.id ?? 0;
    const listeners = [
      collect({ after, kind: 'test.' }),
      collect({ after, kind: 'test.' }),
      collect({ kind: 'test.' }),
    ];
    await vi.waitFor(async () => {
      await server.db.transaction((tx) => {
        tx.emit({ kind: 'test.hello', actor: 'test', data: {} });
        return Promise.resolve();
      });
      for (const listener of listeners) expect(listener.events.length).toBeGreaterThan(0);
    });
    for (let batch = 0; batch < 20; batch += 1) {
      await server.db.transaction((tx) => {
        for (let at = 0; at < 50; at += 1) tx.emit({ kind: 'test.many', actor: 'test', data: { at: batch * 50 + at } });
        return Promise.resolve();
      });
    }
    for (const listener of listeners) {
      const many = () => listener.events.filter((event) => event.data.kind === 'test.many');
      await vi.waitFor(() => expect(many()).toHaveLength(1000), { timeout: 10_000 });
      expect(many().map((event) => event.data.data['at'])).toEqual(Array.from({ length: 1000 }, (_, at) => at));
      await listener.end();
    }
  });

  it('closes on who has lost the token', async () => {
    const made = await server.call('POST', '/api/v1/tokens', { body: { name: 'listener', role: 'viewer' } });
    const token = String(Reflect.get(Object(made.body), 'token'));
    const headers = { authorization: `Bearer ${token}`, accept: 'text/event-stream' };
    const response = await fetch(`${baseUrl}/api/v1/events`, { headers });
    expect(response.headers.get('content-type')).toContain('text/event-stream');
    const reading = response.text();
    await vi.waitFor(async () => {
      expect((await server.call('DELETE', '/api/v1/tokens/listener')).status).not.toBe(500);
      const raced = await Promise.race([
        reading.then(() => 'closed'),
        new Promise((resolve) => setTimeout(resolve, 200)),
      ]);
      expect(raced).toBe('closed');
    });
    expect((await fetch(`${baseUrl}/api/v1/events`, { headers })).status).toBe(401);
  });

  it('refuses a stream as it refuses anything else', async () => {
    const response = await fetch(`${baseUrl}/api/v1/events`, { headers: { accept: 'text/event-stream' } });
    expect(response.status).toBe(401);
    expect(response.headers.get('content-type')).toContain('application/problem+json');
  });
});

describe('the log stream', () => {
  it('follows a log over attempts to its end, and resumes in the middle', async () => {
    const body =
      '{formwork: 1, name: edge, workflow: base, groups: [{name: host, roles: [host], count: 1, site: one}]}';
    const plan = await client().call('applyDeployment', { params: { name: 'edge' }, body });
    const run = await client().call('approvePlan', { params: { name: 'edge', plan: plan.id } });
    const params = { name: 'edge', nodeRole: 'host-name@edge-host-1' };
    const { id } = await client().call('getNodeRole', { params });
    const attempt = async (number: number, text: string): Promise<string> => {
      const attemptId = randomUUID();
      await server.db.query(
        `INSERT INTO attempts (id, node_role_id, run_id, number, action, state, worker) VALUES ($1, $2, $3, $4, 'run', 'running', 'w')`,
        [attemptId, id, run.id, number],
      );
      await appendLog(server.db, [{ attemptId, offset: 0, end: text.length, text }]);
      return attemptId;
    };
    const first = await attempt(1, 'one ');
    const seen: StreamEvent<'streamLog'>[] = [];
    const reading = (async () => {
      for await (const event of client().stream('streamLog', { params })) seen.push(event);
    })();
    const text = () => seen.map((event) => (event.event === 'log' ? event.data.text : '')).join('');
    await vi.waitFor(() => expect(text()).toBe('one '));
    await appendLog(server.db, [{ attemptId: first, offset: 4, end: 8, text: 'two ' }]);
    await vi.waitFor(() => expect(text()).toBe('one two '));
    await server.db.query(`UPDATE attempts SET state = 'failed', ended_at = now() WHERE id = $1`, [first]);
    await attempt(2, 'three');
    await vi.waitFor(() => expect(text()).toBe('one two three'), { timeout: 10_000 });
    expect(seen.at(-1)?.id).toBe('2:5');
    expect((await client().call('getLog', { params, query: { attempt: 1, offset: 2 } })).text).toBe('e two ');
    await client().call('skipNodeRole', { params, body: { reason: 'enough' } });
    await reading;
    expect(seen.at(-1)).toMatchObject({ event: 'end', data: { attempt: 2, state: 'skipped' } });
    const resumed: string[] = [];
    for await (const event of client().stream('streamLog', { params, lastEventId: '1:4' })) {
      if (event.event === 'log') resumed.push(event.data.text);
    }
    expect(resumed.join('')).toBe('two three');
  });
});

it('closes a listener that does not read, keeps nobody else waiting for it, and lets it resume without a gap', async () => {
  const kind = 'bulk.';
  const fast = collect({ kind });
  const slow = await pausedListener(`${baseUrl}/api/v1/events?kind=${kind}`);
  const data = { filling: 'x'.repeat(8_000) };
  const wanted = 4_000;
  for (let written = 0; written < wanted; written += 500) {
    await server.db.transaction((tx) => {
      for (let at = 0; at < 500; at += 1) tx.emit({ kind: 'bulk.event', actor: 'test', data });
      return Promise.resolve();
    });
  }
  await vi.waitFor(() => expect(fast.events.length).toBe(wanted), { timeout: 20_000 });
  const all = fast.events.map((event) => Number(event.id));
  await fast.end();
  const heard = await slow.readToEnd();
  expect(heard.length).toBeLessThan(wanted);
  expect(heard).toEqual(all.slice(0, heard.length));
  const resumed = collect({ kind, lastEventId: String(heard.at(-1) ?? (all[0] ?? 1) - 1) });
  await vi.waitFor(() => expect(resumed.events.length).toBe(wanted - heard.length), { timeout: 20_000 });
  await resumed.end();
  expect([...heard, ...resumed.events.map((event) => Number(event.id))]).toEqual(all);
}, 60_000);

/** A listener whose connection is open and not read; `readToEnd` gives the ids of the whole events that were under way. */
async function pausedListener(url: string): Promise<{ readToEnd(): Promise<readonly number[]> }> {
  const headers = { authorization: `Bearer ${server.tokens.admin}`, accept: 'text/event-stream' };
  const request = get(url, { headers, agent: false });
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    request.on('response', resolve).on('error', reject);
  });
  response.pause();
  return {
    readToEnd: () =>
      new Promise((resolve) => {
        let text = '';
        const whole = (): void => {
          const events = text.slice(0, text.lastIndexOf('\n\n') + 2);
          resolve([...events.matchAll(/^id: (\d+)$/gm)].map((match) => Number(match[1])));
        };
        response.setEncoding('utf8');
        response.on('data', (chunk: string) => (text += chunk));
        response.on('close', whole);
        response.on('error', () => undefined);
        response.resume();
      }),
  };
}

it('holds an answer until the run ends', async () => {
  const run = (await client().call('listRuns', { params: { name: 'edge' } })).items[0];
  const waiting = client().call('getRun', { params: { run: run?.id ?? '' }, query: { wait: '30s' } });
  const early = await client().call('getRun', { params: { run: run?.id ?? '' }, query: { wait: '20ms' } });
  expect(early.state).toBe('running');
  await client().call('cancelRun', { params: { name: 'edge' } });
  expect((await waiting).state).toBe('cancelled');
});

it('ends streams and waits when it stops', async () => {
  const headers = { authorization: `Bearer ${server.tokens.admin}`, accept: 'text/event-stream' };
  const own = await openTestServer(await postgres.createDatabase());
  const url = await own.app.listen({ host: '127.0.0.1', port: 0 });
  const response = await fetch(`${url}/api/v1/events`, {
    headers: { ...headers, authorization: `Bearer ${own.tokens.admin}` },
  });
  const reading = response.text();
  await own.close();
  expect(await reading).toContain('welcome');
});
