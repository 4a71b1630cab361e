/**
 * `npm run bench:api`: lists, gets, a large graph and replays from a full database, against bare Fastify routes; then
 * 200 listeners of the event stream while the engine works. One JSON object on stdout.
 *   --seconds N  of each closed loop (1.5)   --rounds N  of the open loop (5)   --only http|open|stream   --profile DIR   --no-replay
 */
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { insertToken, newToken, openDatabase, tokenScope } from '@formwork/db';
import { startTestDatabase } from '../../support/database.ts';
import { commit, load, machine, versions } from '../support/machine.ts';
import { printReport, say } from '../support/report.ts';
import { fill, type Filled } from './fill.ts';
import { closedLoop, openLoop } from './http-phase.ts';
import { asFormworkUp, type Program, startAssistant, startProgram } from './programs.ts';
import { measureStream } from './stream-phase.ts';
import { chooseTargets, type Target } from './targets.ts';

const { values: options } = parseArgs({
  options: {
    seconds: { type: 'string', default: '1.5' },
    rounds: { type: 'string', default: '5' },
    only: { type: 'string' },
    profile: { type: 'string' },
    'no-replay': { type: 'boolean', default: false },
  },
});

const quiet = { info: () => {}, warn: () => {}, error: () => {} };
/** Each token may ask 12,000 times a minute. */
const tokenCount = 50;

const directory = mkdtempSync(path.join(tmpdir(), 'formwork-bench-api-'));
const database = await startTestDatabase({ durable: true });
const closers: (() => Promise<void>)[] = [];
const loadBefore = load();
try {
  say('filling the database');
  const filled = await fill(database.url, directory);
  closers.push(() => filled.close());
  say(`filled in ${String(filled.fillMs)} ms`);
  const server = await startServer(filled);
  const tokens = await makeTokens();
  const results: Results = {
    ...(options.only === 'stream' ? {} : { http: await measureHttp(server, filled, tokens) }),
    ...(options.only === 'http' || options.only === 'open'
      ? {}
      : {
          stream: await measureStream({
            server,
            tokens,
            databaseUrl: database.url,
            environment: filled.environment,
            replays: !options['no-replay'],
          }),
        }),
  };
  printReport({
    bench: 'api',
    machine: machine(),
    load: { before: loadBefore, after: load() },
    versions: await versions(),
    commit: await commit(),
    database: filled.counts,
    fillMs: filled.fillMs,
    results,
    holds: holdsOf(results),
  });
} finally {
  for (const close of closers.reverse()) await close();
  await database.stop();
  rmSync(directory, { recursive: true, force: true });
}

interface Results {
  readonly http?: Awaited<ReturnType<typeof measureHttp>>;
  readonly stream?: Awaited<ReturnType<typeof measureStream>>;
}

function holdsOf(measured: Results): Readonly<Record<string, boolean>> {
  return {
    ...(measured.http === undefined
      ? {}
      : { openLoopP99AtMost5Times: Object.values(measured.http.open).every((target) => target.holds) }),
    ...measured.stream?.holds,
  };
}

async function startServer(filled: Filled): Promise<Program> {
  const profile =
    options.profile === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${options.profile}`, '--enable-source-maps'];
  const server = await startProgram(
    'apps/server/dist/main.js',
    {
      ...filled.environment,
      FORMWORK_PORT: '0',
      FORMWORK_ADMIN_TOKEN_FILE: path.join(directory, 'token'),
      NODE_ENV: 'production',
    },
    [...asFormworkUp, ...profile],
  );
  closers.push(() => server.stop());
  return server;
}

async function makeTokens(): Promise<readonly string[]> {
  const db = openDatabase({ url: database.url, log: quiet });
  const texts: string[] = [];
  for (let number = 0; number < tokenCount; number += 1) {
    const { text, hash } = newToken();
    const token = {
      id: randomUUID(),
      name: `bench-${String(number)}`,
      hash,
      role: 'admin',
      scope: tokenScope.parse({}),
    };
    await db.transaction((tx) => insertToken(tx, { ...token, expiresAt: null, actor: 'bench' }));
    texts.push(text);
  }
  await db.close();
  return texts;
}

async function measureHttp(server: Program, filled: Filled, tokens: readonly string[]) {
  const baseUrl = `http://127.0.0.1:${String(server.port)}`;
  const [token = ''] = tokens;
  const targets = await chooseTargets(baseUrl, token, filled);
  const pathOf = (target: Target): string => `/${target.name.replaceAll(/[^a-z0-9]+/g, '-')}`;
  const bodies: Record<string, unknown> = {};
  for (const target of targets) {
    const response = await fetch(`${baseUrl}${target.paths[0] ?? ''}`, {
      headers: { authorization: `Bearer ${token}` },
      signal: AbortSignal.timeout(60_000),
    });
    bodies[pathOf(target)] = await response.json();
  }
  const file = path.join(directory, 'bodies.json');
  writeFileSync(file, JSON.stringify(bodies));
  const bare = await startProgram('apps/server/dist/testing/bare-main.js', {}, [], [file]);
  closers.push(() => bare.stop());
  const loader = startAssistant('load-main.ts');
  closers.push(() => loader.stop());
  const sides = { loader, server: { port: server.port, tokens }, bare: { port: bare.port, pathOf } };
  const closed = options.only === 'open' ? null : await closedLoop(sides, targets, Number(options.seconds) * 1000);
  const held = targets.filter((target) => target.held);
  const open = await openLoop(sides, held, { perSecond: 200, durationMs: 2_000, rounds: Number(options.rounds) });
  return { ...(closed === null ? {} : { closed }), open };
}
