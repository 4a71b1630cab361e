import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { problemBody } from '@formwork/api';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Io } from './io.ts';
import { runCommand } from './run-command.ts';

let home = '';
let server: Server | null = null;
beforeEach(async () => {
  home = await mkdtemp(path.join(tmpdir(), 'formwork-cli-'));
});
afterEach(async () => {
  server?.closeAllConnections();
  server?.close();
  server = null;
  await rm(home, { recursive: true });
});

async function run(args: readonly string[], listener?: RequestListener) {
  let out = '';
  let err = '';
  const terminal = (write: (text: string) => void) => ({ write, isTerminal: false, columns: 80, rows: 24 });
  const env: Record<string, string> = { XDG_CONFIG_HOME: home, FORMWORK_URL: 'http://127.0.0.1:9' };
  if (listener !== undefined) {
    const started = createServer(listener);
    server = started;
    await new Promise<void>((resolve) => started.listen(0, '127.0.0.1', resolve));
    env['FORMWORK_URL'] = `http://127.0.0.1:${String((started.address() as AddressInfo).port)}`;
  }
  const io: Io = {
    env,
    out: terminal((text) => (out += text)),
    err: terminal((text) => (err += text)),
    stdinIsTerminal: false,
    interrupted: new AbortController().signal,
    readStdin: () => Promise.resolve(''),
    ask: () => Promise.resolve('n'),
  };
  const code = await runCommand(args, io, '1.2.3');
  return { code, out, err };
}

const refuse =
  (code: Parameters<typeof problemBody>[0]): RequestListener =>
  (request, response) => {
    const body = problemBody(code, 'because', request.url ?? '');
    response.writeHead(body.status, { 'content-type': 'application/problem+json' }).end(JSON.stringify(body));
  };

describe('exit codes', () => {
  it.each([
    ['forbidden', 4],
    ['unauthenticated', 4],
    ['not-found', 3],
    ['plan-stale', 5],
    ['precondition-failed', 5],
    ['invalid-request', 2],
    ['internal', 1],
  ] as const)('a problem %s ends with %i and says what to do or why', async (problem, code) => {
    const result = await run(['get', 'deployments'], refuse(problem));
    expect(result).toMatchObject({ code, out: '' });
    expect(result.err).toContain('error: because');
  });

  it('wrong usage is 2, with the commands named', async () => {
    expect((await run(['aply'])).code).toBe(2);
    expect((await run(['get'])).code).toBe(2);
    expect((await run(['get', 'nodse'])).err).toContain('there are: deployments, nodes');
    expect((await run(['get', 'runs'])).err).toContain('-d <name>');
    expect((await run(['get', 'nodes', '-o', 'xml'])).code).toBe(2);
  });

  it('help is 0', async () => {
    const { code, out } = await run(['--help']);
    expect(code).toBe(0);
    expect(out).toContain('Exit codes:');
  });

  it('an unreachable server is 1 and names the way out', async () => {
    const { code, err } = await run(['get', 'nodes']);
    expect(code).toBe(1);
    expect(err).toContain('formwork up');
  });
});

describe('apply', () => {
  const plan = {
    id: 'p1',
    deployment: 'edge',
    purpose: 'apply',
    status: 'open',
    specificationVersion: 2,
    committedVersion: 1,
    actions: [],
    rendered: 're-run etcd-member@edge-etcd-1',
    counts: { actionsToRun: 3, total: 29, nodesCreated: 0, nodesDestroyed: 0, onExistingNodes: 3 },
    disruption: {},
    warnings: [],
    run: null,
    createdAt: '2026-01-01T00:00:00Z',
  };
  const runBody = {
    id: 'r1',
    deployment: 'edge',
    plan: 'p1',
    purpose: 'apply',
    state: 'running',
    message: '',
    counts: { actionsToRun: 3, done: 0, failed: 0, byState: {} },
    startedAt: '2026-01-01T00:00:00Z',
    endedAt: null,
    durationMs: null,
    timings: null,
    criticalPath: [],
    version: 1,
  };
  const seen: string[] = [];
  const answer: RequestListener = (request, response) => {
    seen.push(`${request.method ?? ''} ${request.url ?? ''}`);
    const body = request.method === 'PUT' ? plan : runBody;
    response.writeHead(request.method === 'PUT' ? 201 : 202, { 'content-type': 'application/json' });
    response.end(JSON.stringify(body));
  };

  it('shows the plan and approves nothing unasked', async () => {
    seen.length = 0;
    const file = path.join(home, 'edge.yaml');
    await writeFile(file, 'name: edge\n');
    const { code, out, err } = await run(['apply', '-f', file], answer);
    expect(code).toBe(0);
    expect(out).toBe(
      're-run etcd-member@edge-etcd-1\n3 of 29 to run; nodes: 0 created, 0 destroyed; 3 on nodes that are there\n',
    );
    expect(err).toContain(`formwork apply -f ${file} --yes`);
    expect(seen).toEqual(['PUT /api/v1/deployments/edge']);
  });

  it('approves with --yes, and speaks JSON', async () => {
    seen.length = 0;
    const file = path.join(home, 'edge.yaml');
    await writeFile(file, 'name: edge\n');
    const { code, out } = await run(['apply', '-f', file, '--yes', '-o', 'json'], answer);
    expect(code).toBe(0);
    expect(JSON.parse(out)).toEqual({ plan, run: runBody });
    expect(seen).toEqual(['PUT /api/v1/deployments/edge', 'POST /api/v1/deployments/edge/plans/p1/approve']);
  });

  it('names the line of every problem', async () => {
    const file = path.join(home, 'edge.yaml');
    await writeFile(file, 'name: edge\nworkflow: etdc\n');
    const item = { code: 'unknown-workflow', path: '$.workflow', message: 'there is none', remedy: 'etcd' };
    const { code, err } = await run(['apply', '-f', file], (request, response) => {
      const body = problemBody('invalid-specification', 'one problem', request.url ?? '', [item]);
      response.writeHead(422, { 'content-type': 'application/problem+json' }).end(JSON.stringify(body));
    });
    expect(code).toBe(2);
    expect(err).toContain('edge.yaml:2:');
    expect(err).toContain('remedy: etcd');
  });

  it('refuses a file without a name before it asks the server', async () => {
    const file = path.join(home, 'edge.yaml');
    await writeFile(file, 'workflow: etcd\n');
    expect(await run(['apply', '-f', file])).toMatchObject({ code: 2 });
    expect(await run(['apply', '-f', path.join(home, 'none.yaml')])).toMatchObject({ code: 2 });
  });
});

describe('site set', () => {
  const site = {
    id: 's1',
    name: 'here',
    provider: 'local',
    configuration: {},
    credentials: null,
    params: {},
    maxNodes: 5,
    nodes: 0,
    lastCheck: null,
    problems: [],
    version: 2,
    createdAt: '2026-01-01T00:00:00Z',
    updatedAt: '2026-01-01T00:00:00Z',
  };

  it('sends only what is named, as a merge patch', async () => {
    let seen = '';
    const words = ['site', 'set', 'here', '--set', 'parallelStarts=2', '--set', 'mirror=null', '--max-nodes', '5'];
    const { code, out } = await run([...words, '--no-check'], (request, response) => {
      seen = `${request.method ?? ''} ${request.url ?? ''} ${request.headers['content-type'] ?? ''} `;
      request.on('data', (chunk: Buffer) => (seen += chunk.toString()));
      request.on('end', () => response.setHeader('content-type', 'application/json').end(JSON.stringify(site)));
    });
    expect({ code, out }).toEqual({ code: 0, out: 'site here changed\n' });
    expect(seen).toBe(
      'PATCH /api/v1/sites/here application/merge-patch+json {"configuration":{"parallelStarts":2,"mirror":null},"maxNodes":5}',
    );
  });

  it('refuses to change nothing', async () => {
    expect(await run(['site', 'set', 'here'])).toMatchObject({ code: 2 });
  });
});

describe('completion', () => {
  it.each(['bash', 'zsh', 'fish'])('of %s knows commands, subcommands and kinds', async (shell) => {
    const { code, out } = await run(['completion', shell]);
    expect(code).toBe(0);
    for (const word of ['apply', 'site', 'check', 'node-roles', '--explain']) expect(out).toContain(word);
  });
});
