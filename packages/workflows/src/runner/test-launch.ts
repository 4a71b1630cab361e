/** For tests: a launch with what most of them need, and a look at this host's processes and files. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ScriptLaunch } from './script-launch.ts';

let count = 0;

/** An id that no other test has. */
const freshId = (prefix: string): string => `${prefix}-${process.pid}-${(count += 1)}`;

/** Steps are named by their content here: `{ apply: 'echo hello' }`. Each gets a node-role and a lane of its own. */
export function launchOf(
  scripts: Readonly<Partial<Record<'check' | 'apply' | 'verify' | 'remove', string>>>,
  more: Partial<ScriptLaunch> = {},
): ScriptLaunch {
  const id = freshId('attempt');
  const steps = Object.fromEntries(Object.keys(scripts).map((step) => [step, `${step}.sh`]));
  const files = Object.fromEntries(
    Object.entries(scripts).map(([step, text]) => [`${step}.sh`, `#!/bin/sh\n${text}\n`]),
  );
  return {
    attemptId: id,
    nodeRoleId: `role-${id}`,
    fence: 1,
    lane: `lane-${id}`,
    action: 'run',
    founding: false,
    phase: 'apply',
    steps,
    bundleDigest: `bundle-${id}`,
    files,
    inputs: { params: {}, node: { name: 'edge-etcd-1' } },
    secretPaths: [],
    previous: null,
    rendered: {},
    timeoutMs: 60_000,
    fromBootId: null,
    role: 'etcd-member',
    ...more,
  };
}

/** Pids whose command line holds `text`. */
export function processesWith(text: string): readonly number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => readQuietly(`/proc/${pid}/cmdline`).includes(text))
    .map(Number);
}

export function readQuietly(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

/** Files under a directory that hold `text`. */
export function filesWith(directory: string, text: string): readonly string[] {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => readQuietly(path).includes(text));
}
