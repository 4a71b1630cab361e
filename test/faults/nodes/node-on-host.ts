import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { z } from 'zod';
import { until } from '../../support/until.ts';

const record = z.object({ name: z.string(), key: z.string(), address: z.string() });

/** Runs a program of this host and answers what it printed; rejects when it says no. */
export const host = async (command: string, ...args: readonly string[]): Promise<string> =>
  (await promisify(execFile)(command, args, { timeout: 30_000, maxBuffer: 16 * 2 ** 20 })).stdout.trim();

/** A local node from outside, where no network is in between: what faults are done with. */
export interface NodeOnHost {
  readonly name: string;
  readonly address: string;
  /** The node's path as this host sees it. */
  path(inside: string): string;
  /** A file's text; empty when there is none. */
  read(inside: string): Promise<string>;
  /** Runs a command in the node's namespaces, as root; answers what it printed. */
  run(script: string): Promise<string>;
  /** Pids, as this host counts, of the node's processes of this name. */
  processes(name: string): Promise<readonly number[]>;
  /** The host's end of its cable. */
  readonly link: string;
}

/** Finds the node's machine by the record that the local provider keeps of it. */
export async function nodeOnHost(siteDirectory: string, siteId: string, name: string): Promise<NodeOnHost> {
  const nodes = path.join(siteDirectory, 'nodes');
  for (const tag of await readdir(nodes)) {
    const text = await readFile(path.join(nodes, tag, 'record.json'), 'utf8').catch(() => null);
    if (text === null) continue;
    const found = record.parse(JSON.parse(text));
    if (found.name === name) return view(path.join(nodes, tag), tag, siteId, found);
  }
  throw new Error(`there is no machine of ${name} on this host`);
}

function view(directory: string, tag: string, siteId: string, found: z.infer<typeof record>): NodeOnHost {
  const siteTag = hashOf('site', siteId).slice(0, 8);
  const inside = (name: string): string => path.join(directory, 'merged', name);
  const pids = async (): Promise<readonly number[]> =>
    (await host('ip', 'netns', 'pids', `fw-${siteTag}-${tag}`)).split('\n').filter(Boolean).map(Number);
  return {
    name: found.name,
    address: found.address,
    link: `fw${hashOf(siteId, found.key).slice(0, 12)}`,
    path: inside,
    read: (name) => readFile(inside(name), 'utf8').catch(() => ''),
    async run(script) {
      const first = await until(`${found.name} has a first process`, async () => {
        for (const pid of await pids()) if ((await insidePid(pid)) === 1) return pid;
        return 0;
      });
      return host('nsenter', '--target', String(first), '--all', '--', '/bin/sh', '-c', script);
    },
    async processes(name) {
      const named = await Promise.all(
        (await pids()).map(async (pid) => ({
          pid,
          name: (await readFile(`/proc/${pid}/comm`, 'utf8').catch(() => '')).trim(),
        })),
      );
      return named.filter((one) => one.name === name).map((one) => one.pid);
    },
  };
}

/** The pid that a process has in its own namespace. */
async function insidePid(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  return Number(/^NSpid:.*\t(\d+)$/m.exec(status)?.[1] ?? 0);
}

const hashOf = (...parts: readonly string[]): string => createHash('sha256').update(parts.join('\n')).digest('hex');
