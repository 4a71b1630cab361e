import { readFileSync } from 'node:fs';

/** Clock ticks a second that /proc counts in: 100 on every Linux that Node runs on (sysconf(_SC_CLK_TCK)). */
const ticksPerSecond = 100;

/**
 * CPU milliseconds of one process and of the children it has waited for, to 10 ms; 0 when it is gone.
 * /proc/<pid>/stat, see proc_pid_stat(5): fields 14 to 17, counted after the name in parentheses.
 */
export function processCpuMs(pid: number): number {
  try {
    const stat = readFileSync(`/proc/${String(pid)}/stat`, 'utf8');
    const ticks = stat
      .slice(stat.lastIndexOf(')') + 2)
      .split(' ')
      .slice(11, 15);
    return (ticks.map(Number).reduce((sum, one) => sum + one, 0) * 1000) / ticksPerSecond;
  } catch {
    return 0;
  }
}

/** Proportional set size of the processes together, MiB; those that are gone count 0. */
export function pssMib(pids: readonly number[]): number {
  const kib = pids.map((pid) => {
    try {
      const rollup = readFileSync(`/proc/${String(pid)}/smaps_rollup`, 'utf8');
      return Number(/^Pss:\s+(\d+) kB$/m.exec(rollup)?.[1] ?? 0);
    } catch {
      return 0;
    }
  });
  return kib.reduce((sum, one) => sum + one, 0) / 1024;
}
