import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { processStart } from './process-identity.ts';

const recordSchema = z.record(z.string(), z.object({ pid: z.int(), start: z.string() }));

/** The children of this `up`, on disk: the next one finds those that outlived it. */
export interface ChildRecord {
  set(name: string, pid: number, start: string | null): void;
  clear(): void;
}

const fileOf = (directory: string): string => path.join(directory, 'children.json');

export function openChildRecord(directory: string): ChildRecord {
  const children: Record<string, { pid: number; start: string }> = {};
  const save = () => {
    writeFileSync(fileOf(directory), JSON.stringify(children), { mode: 0o600 });
  };
  return {
    set: (name, pid, start) => {
      if (start !== null) children[name] = { pid, start };
      save();
    },
    clear: () => {
      for (const name of Object.keys(children)) Reflect.deleteProperty(children, name);
      save();
    },
  };
}

/**
 * Ends what a killed `up` left running, by pid and start time, never by pid alone. Resolves with the names of those it
 * found, once they are gone; the database is never killed hard, its next start takes over.
 */
export async function endOrphans(directory: string, graceMs: number): Promise<readonly string[]> {
  const found = Object.entries(readRecord(directory)).filter(([, child]) => processStart(child.pid) === child.start);
  for (const [, child] of found) signal(child.pid, 'SIGTERM');
  const deadline = performance.now() + graceMs;
  const left = () => found.filter(([, child]) => processStart(child.pid) === child.start);
  while (left().length > 0 && performance.now() < deadline) await sleep(50);
  for (const [name, child] of left()) if (name !== 'database') signal(child.pid, 'SIGKILL');
  return found.map(([name]) => name);
}

function readRecord(directory: string): z.output<typeof recordSchema> {
  try {
    return recordSchema.parse(JSON.parse(readFileSync(fileOf(directory), 'utf8')));
  } catch {
    return {};
  }
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // It has just ended by itself.
  }
}
