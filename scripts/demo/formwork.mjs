// Starts `formwork up` for the demo and speaks to it: the command line for what people see, the API for what we count.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { root } from './prepare.mjs';

const cli = path.join(root, 'apps/cli/dist/main.js');

async function freePort() {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}

/** `up` in a process group of its own, so that Ctrl-C reaches it only through us, when we have cleaned up. */
export async function startFormwork({ dataDirectory, say, signal }) {
  mkdirSync(dataDirectory, { recursive: true });
  const env = {
    ...process.env,
    XDG_CONFIG_HOME: path.join(dataDirectory, 'config'),
    LOG_LEVEL: process.env.LOG_LEVEL ?? 'info',
  };
  delete env.DATABASE_URL;
  delete env.REDIS_URL;
  const port = await freePort();
  const child = spawn(
    process.execPath,
    [cli, 'up', '--json', '--until-stdin-ends', '--data-dir', dataDirectory, '--port', String(port)],
    {
      env,
      detached: true,
      stdio: ['pipe', 'pipe', 'pipe'],
    },
  );
  let errors = '';
  child.stderr.on('data', (data) => {
    errors = (errors + data).slice(-8_000);
  });
  const ended = new Promise((resolve) => child.on('close', resolve));
  const stop = async () => {
    child.stdin.end();
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGTERM');
    await ended;
  };
  const ready = new Promise((resolve, reject) => {
    createInterface({ input: child.stdout }).on('line', (line) => {
      const event = JSON.parse(line);
      if (event.event === 'ended') say(`${event.name} ended (${event.how}); it is started again`);
      if (event.event === 'ready') resolve(event.url);
    });
    ended.then((code) => reject(new Error(`formwork up ended with ${code}\n${errors}`)));
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
  try {
    const url = await ready;
    const config = readFileSync(path.join(dataDirectory, 'config/formwork/config.yaml'), 'utf8');
    const token = /token:\s*(\S+)/.exec(config)?.[1] ?? '';
    return { url, token, env: { ...env, FORMWORK_URL: url, FORMWORK_TOKEN: token }, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Runs a command of the command line with its output on our screen; throws when it fails. */
export async function formwork({ env }, args, { signal, quiet = false } = {}) {
  const child = spawn(process.execPath, [cli, ...args], {
    env,
    signal,
    stdio: ['ignore', quiet ? 'ignore' : 'inherit', quiet ? 'pipe' : 'inherit'],
  });
  let errors = '';
  child.stderr?.on('data', (data) => {
    errors += data;
  });
  const [code] = await once(child, 'close');
  if (code !== 0) throw new Error(`formwork ${args.join(' ')} ended with ${code}\n${errors}`);
}

/** One call of the API. */
export async function api({ url, token }, method, route, body) {
  const response = await fetch(`${url}/api/v1${route}`, {
    method,
    headers: {
      authorization: `Bearer ${token}`,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    body: body === undefined ? undefined : JSON.stringify(body),
    signal: AbortSignal.timeout(330_000),
  });
  const text = await response.text();
  const answer = text === '' ? null : JSON.parse(text);
  if (!response.ok)
    throw new Error(`${method} ${route}: ${response.status} ${answer?.code ?? ''} ${answer?.detail ?? ''}`);
  return answer;
}

/** All pages of a list. */
export async function list(server, route) {
  const items = [];
  for (let cursor = null; ; ) {
    const page = await api(
      server,
      'GET',
      `${route}${route.includes('?') ? '&' : '?'}limit=500${cursor === null ? '' : `&cursor=${encodeURIComponent(cursor)}`}`,
    );
    items.push(...page.items);
    cursor = page.next ?? null;
    if (cursor === null) return items;
  }
}
