import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { FormworkError } from '@formwork/core';
import { afterEach, describe, expect, it } from 'vitest';
import { problemBody } from '../schemas/problem.ts';
import { createClient } from './client.ts';
import { problemsOf } from './failure.ts';
import { allItems } from './pages.ts';

const open: Server[] = [];

async function serve(listener: RequestListener) {
  const server = createServer(listener);
  open.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return createClient({ baseUrl: `http://127.0.0.1:${String(port)}/`, token: 'fw_test', timeoutMs: 5_000 });
}

afterEach(() => {
  for (const server of open.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

const json = (response: ServerResponse, status: number, body: unknown) =>
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));

async function textOf(request: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of request) text += String(chunk);
  return text;
}

const event = (id: number) => ({
  id,
  at: '2026-01-01T00:00:00Z',
  kind: 'run.started',
  actor: 'system',
  site: null,
  deployment: 'edge',
  run: null,
  node: null,
  nodeRole: null,
  message: `event ${String(id)}`,
  data: {},
});

describe('client.call', () => {
  it('sends method, encoded path, query, token and headers, and parses the answer', async () => {
    const seen: unknown[] = [];
    const client = await serve((request, response) => {
      seen.push([request.method, request.url, request.headers.authorization, request.headers['if-match']]);
      response.writeHead(204).end();
    });
    await client.call('deleteSite', { params: { site: 'a/b c' }, ifMatch: '"3"' });
    expect(seen).toEqual([['DELETE', '/api/v1/sites/a%2Fb%20c', 'Bearer fw_test', '"3"']]);
  });

  it('sends a specification as YAML when it is text, and as JSON when it is a value', async () => {
    const seen: unknown[] = [];
    const client = await serve((request, response) => {
      void textOf(request).then((text) => {
        seen.push([request.headers['content-type'], text]);
        response
          .writeHead(422, { 'content-type': 'application/problem+json' })
          .end(JSON.stringify(problemBody('invalid-specification', 'no', request.url ?? '')));
      });
    });
    const params = { name: 'edge' };
    await expect(client.call('applyDeployment', { params, body: 'name: edge' })).rejects.toThrow('no');
    await expect(client.call('applyDeployment', { params, body: { name: 'edge' } })).rejects.toThrow('no');
    expect(seen).toEqual([
      ['application/yaml', 'name: edge'],
      ['application/json', '{"name":"edge"}'],
    ]);
  });

  it('turns a problem into an error with its code, kind and every problem', async () => {
    const item = { code: 'unknown-role', path: '$.workflow', message: 'there is no workflow etdc', remedy: 'etcd' };
    const client = await serve((request, response) =>
      json(response, 422, problemBody('invalid-specification', 'one problem', request.url ?? '', [item])),
    );
    const failure: unknown = await client
      .call('applyDeployment', { params: { name: 'edge' }, body: {} })
      .catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: 'invalid-specification', kind: 'invalid', message: 'one problem' });
    expect(problemsOf(failure)).toEqual([item]);
  });

  it('says so when the answer is not as agreed', async () => {
    const client = await serve((_request, response) => json(response, 200, { status: 'well' }));
    await expect(client.call('getHealth', {})).rejects.toMatchObject({ code: 'bad-response' });
  });

  it('tries a GET again when the connection breaks, and nothing else', async () => {
    let requests = 0;
    const client = await serve((request, response) => {
      requests += 1;
      if (requests === 1 || request.method === 'POST') request.socket.destroy();
      else json(response, 200, { status: 'ok', version: '1' });
    });
    await expect(client.call('getHealth', {})).resolves.toEqual({ status: 'ok', version: '1' });
    expect(requests).toBe(2);
    await expect(client.call('pauseRun', { params: { name: 'edge' } })).rejects.toMatchObject({
      code: 'server-unreachable',
    });
    expect(requests).toBe(3);
  });

  it('gives up after its timeout', async () => {
    const client = await serve(() => undefined);
    await expect(client.call('getHealth', { timeoutMs: 50 })).rejects.toBeInstanceOf(FormworkError);
  });

  it('walks every page', async () => {
    const client = await serve((request, response) => {
      const second = request.url?.includes('cursor=two') === true;
      json(response, 200, { items: [event(second ? 2 : 1)], next: second ? null : 'two' });
    });
    const ids: number[] = [];
    const pages = allItems((cursor) => client.call('listEvents', { query: cursor === undefined ? {} : { cursor } }));
    for await (const item of pages) ids.push(item.id);
    expect(ids).toEqual([1, 2]);
  });
});

describe('client.stream', () => {
  const head = { 'content-type': 'text/event-stream' };
  const frame = (id: number) => `id: ${String(id)}\nevent: event\ndata: ${JSON.stringify(event(id))}\n\n`;

  it('resumes after the last event when the connection is lost, and passes over unknown events', async () => {
    const resumed: unknown[] = [];
    const client = await serve((request, response) => {
      resumed.push(request.headers['last-event-id']);
      response.writeHead(200, head);
      if (resumed.length === 1) {
        response.write(`: hello\n\n${frame(1)}event: novelty\ndata: {}\n\n${frame(2)}id: 3\nevent: ev`, () =>
          request.socket.destroy(),
        );
      } else response.write(frame(3));
    });
    const stop = new AbortController();
    const ids: number[] = [];
    for await (const message of client.stream('listEvents', { signal: stop.signal })) {
      ids.push(message.data.id);
      if (message.data.id === 3) stop.abort();
    }
    expect(ids).toEqual([1, 2, 3]);
    expect(resumed).toEqual([undefined, '2']);
  });

  it('ends with the event `end`', async () => {
    const client = await serve((_request, response) => {
      response.writeHead(200, head);
      response.write('event: log\nid: 1:3\ndata: {"attempt":1,"offset":0,"nextOffset":3,"text":"abc"}\n\n');
      response.write('event: end\ndata: {"attempt":1,"state":"active"}\n\n');
    });
    const seen: string[] = [];
    const params = { name: 'edge', nodeRole: 'etcd-member@edge-etcd-1' };
    for await (const message of client.stream('streamLog', { params })) {
      seen.push(message.event === 'log' ? message.data.text : message.data.state);
    }
    expect(seen).toEqual(['abc', 'active']);
  });

  it('throws what waiting does not cure', async () => {
    const client = await serve((request, response) =>
      json(response, 403, problemBody('forbidden', 'not yours', request.url ?? '')),
    );
    await expect(client.stream('listEvents', {}).next()).rejects.toMatchObject({ code: 'forbidden', kind: 'denied' });
  });

  it('gives up a connection on which nothing comes', async () => {
    let connections = 0;
    const client = await serve((_request, response) => {
      connections += 1;
      response.writeHead(200, head);
      response.flushHeaders();
      if (connections === 2) response.write(frame(1));
    });
    const stop = new AbortController();
    for await (const message of client.stream('listEvents', { signal: stop.signal, idleMs: 100 })) {
      expect(message.data.id).toBe(1);
      stop.abort();
    }
    expect(connections).toBe(2);
  });
});
