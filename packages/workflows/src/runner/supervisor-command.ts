import { createHash } from 'node:crypto';
import { FormworkError, isJsonObject } from '@formwork/core';
import type { ScriptLaunch, ScriptTarget } from './script-launch.ts';
import type { Supervisor } from './supervisor-source.ts';

/**
 * Finds the supervisor by its digest or takes it from stdin, then becomes it. Nothing else is sent before the supervisor
 * asks for it, so a tool that reads ahead swallows nothing.
 */
const bootstrap = [
  'umask 077',
  'lib=$1 run=$2 digest=$3 size=$4',
  'shift 4',
  'file=$lib/bin/$digest.sh',
  'if [ ! -f "$file" ]; then mkdir -p "$lib/bin" "$run" || exit 73',
  'echo "FW1 need supervisor"',
  'head -c "$size" >"$file.$$"',
  'if [ "$(($(wc -c <"$file.$$")))" != "$size" ]; then rm -f "$file.$$"; echo "formwork: the supervisor could not be stored in $lib" >&2; exit 74; fi',
  'mv "$file.$$" "$file"; fi',
  'set -- "$lib" "$run" "$@"',
  '. "$file"',
].join('\n');

/** The one command of an attempt. Holds names and numbers only, so that `ps` on the node shows no secret. */
export function runCommand(
  supervisor: Supervisor,
  launch: ScriptLaunch,
  target: ScriptTarget,
  at: { readonly offset: number; readonly attachOnly: boolean },
): string {
  const { steps } = launch;
  const node = nodeName(launch);
  return command(supervisor, target, 'run', [
    ['attempt', named(launch.attemptId)],
    ['key', attemptKey(launch)],
    ['node_role', named(launch.nodeRoleId)],
    ['fence', String(launch.fence)],
    ['lane', fileName(launch.lane)],
    ['phase', launch.phase],
    ['action', launch.action],
    ['founding', launch.founding ? '1' : '0'],
    ['role', launch.role ?? ''],
    ['node', node],
    ['timeout', String(Math.max(1, Math.ceil(launch.timeoutMs / 1000)))],
    ['bundle', named(launch.bundleDigest)],
    ['inline', isSmall(launch.files) ? '1' : '0'],
    ['from_boot', launch.fromBootId ?? ''],
    ['offset', String(at.offset)],
    ['attach_only', at.attachOnly ? '1' : '0'],
    ['check', steps.check ?? ''],
    ['apply', steps.apply ?? ''],
    ['verify', steps.verify ?? ''],
    ['refresh', steps.refresh ?? ''],
    ['remove', steps.remove ?? ''],
    ['evict', steps.evict ?? ''],
  ]);
}

/** Copying a folder that the node has costs it more than taking so much anew, characters. */
const smallBundle = 16_384;
const isSmall = (files: ScriptLaunch['files']): boolean =>
  Object.values(files).reduce((sum, text) => sum + text.length, 0) <= smallBundle;

/** With the claim it is aborted under, a launch that is still on its way under that or an older one starts nothing. */
export function abortCommand(
  supervisor: Supervisor,
  attemptId: string,
  target: ScriptTarget,
  claim: Pick<ScriptLaunch, 'nodeRoleId' | 'fence'> | null,
): string {
  const fenced =
    claim === null
      ? []
      : ([
          ['node_role', named(claim.nodeRoleId)],
          ['fence', String(claim.fence)],
        ] as const);
  return command(supervisor, target, 'abort', [['attempt', named(attemptId)], ...fenced]);
}

export function forgetCommand(supervisor: Supervisor, attemptId: string, target: ScriptTarget): string {
  return command(supervisor, target, 'forget', [['attempt', named(attemptId)]]);
}

/** The attempt's name on the node. What runs after a reboot is a part of its own, else the end before it would be found. */
function attemptKey(launch: Pick<ScriptLaunch, 'attemptId' | 'fromBootId'>): string {
  const id = named(launch.attemptId);
  if (launch.fromBootId === null) return id;
  return `${id}.after-${createHash('sha256').update(launch.fromBootId).digest('hex').slice(0, 12)}`;
}

function command(
  supervisor: Supervisor,
  target: ScriptTarget,
  mode: string,
  pairs: readonly (readonly [string, string])[],
): string {
  const root = target.stateRoot;
  const words = [
    ...(target.user === 'root' ? [] : ['sudo', '-n']),
    '/bin/sh',
    '-c',
    bootstrap,
    'formwork',
    root === undefined ? '/var/lib/formwork' : `${root}/lib`,
    root === undefined ? '/run/formwork' : `${root}/run`,
    supervisor.digest,
    String(Buffer.byteLength(supervisor.text)),
    mode,
    ...pairs.map(([name, value]) => `${name}=${value}`),
    `reboot_command=${target.rebootCommand ?? ''}`,
    `boot=${target.bootId ?? ''}`,
  ];
  return `exec ${words.map(quoted).join(' ')}`;
}

function nodeName(launch: ScriptLaunch): string {
  const node = launch.inputs['node'];
  const name = isJsonObject(node) ? node['name'] : undefined;
  return typeof name === 'string' ? name : '';
}

/** Ids become names of files on the node. */
function named(text: string): string {
  if (/^[A-Za-z0-9][A-Za-z0-9_-]{0,127}$/.test(text)) return text;
  throw new FormworkError(
    'invalid',
    'unsafe-name',
    `"${text}" cannot name a file on a node: use letters, digits, - and _`,
  );
}

/** A lane is a user's word: whatever does not fit a file name is replaced by a digest. */
function fileName(text: string): string {
  if (/^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/.test(text)) return text;
  return createHash('sha256').update(text).digest('hex').slice(0, 32);
}

function quoted(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`;
}
