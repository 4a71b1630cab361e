import { readdirSync, readFileSync } from 'node:fs';
import { processCpuMs, pssMib } from '../support/process-cpu.ts';

/** Proportional set sizes in MiB (1,048,576 bytes), by what the processes are. */
export type Memory = Readonly<Record<string, number>>;

/** All processes below and including these, by what /proc says now. */
function treeOf(roots: readonly number[]): readonly number[] {
  const children = new Map<number, number[]>();
  for (const name of readdirSync('/proc')) {
    const pid = Number(name);
    if (!Number.isInteger(pid)) continue;
    try {
      // The name in parentheses may hold anything; the parent follows the state after it.
      const stat = readFileSync(`/proc/${name}/stat`, 'utf8');
      const parent = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
      children.set(parent, [...(children.get(parent) ?? []), pid]);
    } catch {
      // It ended while we looked.
    }
  }
  const found = new Set<number>();
  const queue = [...roots];
  for (let pid = queue.pop(); pid !== undefined; pid = queue.pop()) {
    if (found.has(pid)) continue;
    found.add(pid);
    queue.push(...(children.get(pid) ?? []));
  }
  return [...found];
}

const kindOf = (pid: number): string => {
  try {
    const line = readFileSync(`/proc/${String(pid)}/cmdline`, 'utf8');
    if (line.includes('postgres')) return 'database';
    if (line.includes('redis')) return 'redis';
    if (line.includes('apps/server')) return 'server';
    if (line.includes('apps/worker')) return 'worker';
    return 'up';
  } catch {
    return 'up';
  }
};

/** CPU seconds used so far by kind of process. */
export function cpuSeconds(roots: readonly number[]): Memory {
  const sums: Record<string, number> = {};
  for (const pid of treeOf(roots)) {
    const kind = kindOf(pid);
    sums[kind] = (sums[kind] ?? 0) + processCpuMs(pid) / 1_000;
  }
  return sums;
}

export interface MemoryWatch {
  /** Greatest sum seen, and what it was made of. */
  stop(): { readonly totalMib: number; readonly parts: Memory };
}

/** Looks every `everyMs` at all processes below the roots. */
export function watchMemory(roots: readonly number[], everyMs = 1_000): MemoryWatch {
  let peak: { totalMib: number; parts: Memory } = { totalMib: 0, parts: {} };
  const look = (): void => {
    const parts: Record<string, number> = {};
    let totalMib = 0;
    for (const pid of treeOf(roots)) {
      const mib = pssMib([pid]);
      const kind = kindOf(pid);
      parts[kind] = (parts[kind] ?? 0) + mib;
      totalMib += mib;
    }
    if (totalMib > peak.totalMib) peak = { totalMib, parts };
  };
  const timer = setInterval(look, everyMs);
  return {
    stop() {
      clearInterval(timer);
      look();
      return {
        totalMib: Math.round(peak.totalMib),
        parts: Object.fromEntries(Object.entries(peak.parts).map(([kind, mib]) => [kind, Math.round(mib)])),
      };
    },
  };
}
