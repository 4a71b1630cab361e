import { execFile, execFileSync, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { z } from 'zod';
import { until } from '../../support/until.js';
const root = path.resolve(import.meta.dirname, '../../..');
const main = path.join(root, 'packages/providers/src/metal/dhcp/main.ts');
/** A line that the server printed. */
const serverLine = z.looseObject({ event: z.string() });
/** What this machine lacks for these tests; null when it has all. */
export function missingForLab(programs) {
  if (process.getuid?.() !== 0) return 'needs root';
  const places = (process.env['PATH'] ?? '').split(':').concat('/usr/sbin', '/sbin');
  const missing = programs.filter((program) => !places.some((place) => existsSync(path.join(place, program))));
  return missing.length === 0 ? null : `needs ${missing.join(', ')}`;
}
export async function openLab() {
  const id = randomBytes(3).toString('hex');
  const directory = await mkdtemp(path.join(tmpdir(), `dhcp-${id}-`));
  const [server, client] = [`fwd-${id}-s`, `fwd-${id}-c`];
  const children = [];
  const ip = (...args) => {
    execFileSync('ip', args, { timeout: 10_000, stdio: ['ignore', 'ignore', 'inherit'] });
  };
  for (const namespace of [server, client]) {
    ip('netns', 'add', namespace);
    ip('-n', namespace, 'link', 'set', 'lo', 'up');
  }
  const inside = (namespace, command, args) => ['netns', 'exec', namespace, command, ...args];
  const start = (namespace, command, args) => {
    const child = spawn('ip', inside(namespace, command, args), { stdio: ['ignore', 'pipe', 'pipe'], cwd: root });
    children.push(child);
    return child;
  };
  return {
    directory,
    server,
    client,
    cable: (index, serverAddress, clientAddress) => {
      ip('link', 'add', `s${index}`, 'netns', server, 'type', 'veth', 'peer', 'name', `c${index}`, 'netns', client);
      if (serverAddress !== null) ip('-n', server, 'addr', 'add', serverAddress, 'dev', `s${index}`);
      if (clientAddress !== undefined) ip('-n', client, 'addr', 'add', clientAddress, 'dev', `c${index}`);
      ip('-n', server, 'link', 'set', `s${index}`, 'up');
      ip('-n', client, 'link', 'set', `c${index}`, 'up');
    },
    run: (namespace, command, args, timeoutMs = 60_000) =>
      new Promise((resolve) => {
        const options = { timeout: timeoutMs, maxBuffer: 64 << 20, cwd: root };
        execFile('ip', inside(namespace, command, args), options, (error, stdout, stderr) =>
          resolve({
            code: error === null ? 0 : typeof error.code === 'number' ? error.code : -1,
            text: stdout + stderr,
          }),
        );
      }),
    start,
    serve: async (configuration, launcher = []) => {
      const file = path.join(directory, 'dhcp.json');
      await writeFile(file, JSON.stringify(configuration));
      const node = [process.execPath, '--conditions=formwork-source', '--import', 'tsx', main];
      const [command, ...args] = [...launcher, ...node, '--config', file, '--journal', path.join(directory, 'journal')];
      return await started(start(server, command, args));
    },
    close: async () => {
      for (const child of children) await ended(child, 'SIGKILL');
      for (const namespace of [server, client]) {
        for (const pid of execFileSync('ip', ['netns', 'pids', namespace], { encoding: 'utf8' })
          .split('\n')
          .filter(Boolean)) {
          process.kill(Number(pid), 'SIGKILL');
        }
        ip('netns', 'delete', namespace);
      }
      await rm(directory, { recursive: true, force: true });
    },
  };
}
async function started(child) {
  const lines = [];
  let rest = '';
  let errors = '';
  child.stdout?.on('data', (chunk) => {
    const parts = (rest + chunk.toString()).split('\n');
    rest = parts.pop() ?? '';
    lines.push(...parts.map((part) => serverLine.parse(JSON.parse(part))));
  });
  child.stderr?.on('data', (chunk) => (errors += chunk.toString()));
  await until(
    'the DHCP server is ready or says why not',
    () => ({ events: lines.map(({ event }) => event), exit: child.exitCode, errors }),
    ({ events, exit }) => events.includes('ready') || events.includes('failed') || exit !== null,
  );
  return {
    pid: child.pid ?? 0,
    lines,
    counters: async () => {
      const before = lines.filter(({ event }) => event === 'counters').length;
      child.kill('SIGUSR2');
      return await until(
        'counters',
        () => lines.filter(({ event }) => event === 'counters')[before] ?? { event: '' },
        ({ event }) => event === 'counters',
      );
    },
    kill: (signal) => ended(child, signal),
  };
}
async function ended(child, signal) {
  if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
  const exit = new Promise((resolve) => child.once('exit', () => resolve()));
  child.kill(signal);
  await exit;
  return child.exitCode;
}
//# sourceMappingURL=lab.js.map
