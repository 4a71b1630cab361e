/**
 * CPU time of everything that a program starts, whatever becomes of it: its own cgroup counts it (v1: `cpuacct.usage`,
 * nanoseconds; v2: `usage_usec` of `cpu.stat`). Processes that leave their parent, as ssh's ControlPersist does, still
 * count; machines of the `local` provider do not, since they are put into cgroups of their own.
 */
import { randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmdirSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

export interface CpuGroup {
  /** How it counts, for the report. */
  readonly accounting: string;
  /** What to put before a command so that it and all its offspring count. */
  readonly prefix: readonly string[];
  /** CPU milliseconds so far, user and system. */
  cpuMs(): number;
  /** Processes in it now. */
  pids(): readonly number[];
  /** Sends SIGTERM to everything in it. */
  end(): void;
  /** Removes the group; its processes must have ended, or be about to. */
  close(): Promise<void>;
}

const hierarchies = [
  { root: '/sys/fs/cgroup/cpuacct', file: 'cpuacct.usage', accounting: 'cgroup v1 cpuacct.usage' },
  { root: '/sys/fs/cgroup/cpu,cpuacct', file: 'cpuacct.usage', accounting: 'cgroup v1 cpuacct.usage' },
  { root: '/sys/fs/cgroup', file: 'cpu.stat', accounting: 'cgroup v2 cpu.stat usage_usec' },
] as const;

const hierarchy = () => hierarchies.find(({ root, file }) => existsSync(path.join(root, file)));

/** CPU milliseconds of one cgroup and all below it, by its path under the root of the hierarchy; 0 when it is not there. */
export function cgroupCpuMs(name: string): number {
  const found = hierarchy();
  const file = found === undefined ? '' : path.join(found.root, name, found.file);
  if (!existsSync(file)) return 0;
  const text = readFileSync(file, 'utf8');
  const microseconds = /^usage_usec (\d+)$/m.exec(text)?.[1];
  return microseconds === undefined ? Number(text) / 1e6 : Number(microseconds) / 1e3;
}

/** Throws where cgroups cannot be made: this needs root on Linux. */
export function openCpuGroup(label: string): CpuGroup {
  const found = hierarchy();
  if (found === undefined) throw new Error('no cgroup here counts CPU time');
  const name = `formwork-bench-${label}-${randomUUID().slice(0, 8)}`;
  const directory = path.join(found.root, name);
  mkdirSync(directory);
  const procs = path.join(directory, 'cgroup.procs');
  const pids = (): readonly number[] => readFileSync(procs, 'utf8').split('\n').filter(Boolean).map(Number);
  return {
    accounting: found.accounting,
    prefix: ['/bin/sh', '-c', 'echo $$ >"$0" && exec "$@"', procs],
    cpuMs: () => cgroupCpuMs(name),
    pids,
    end() {
      for (const pid of pids()) {
        try {
          process.kill(pid, 'SIGTERM');
        } catch {
          // It has just ended by itself.
        }
      }
    },
    async close() {
      for (let round = 0; existsSync(directory); round += 1) {
        try {
          rmdirSync(directory);
        } catch (error) {
          // What has just ended may still be in it.
          if (round > 100) throw error;
          await sleep(50);
        }
      }
    },
  };
}
