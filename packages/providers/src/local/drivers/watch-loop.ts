/**
 * Starts a node and stays beside it: a reboot inside ends PID 1, and this starts it again. It is not ours: it is in
 * the node's cgroups and in a session of its own, so the node lives on without the worker.
 */
import { spawn } from 'node:child_process';
import { open, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { cleanEnvironment } from '../client.ts';
import { localError, localFailures } from '../errors.ts';

/**
 * $1 the node's directory, $2 and $3 the groups of the loop and of the node (files to write oneself into), then the
 * command. "Rebooted" is 133 from nspawn, and from plain namespaces 129: the kernel ends PID 1 with SIGHUP.
 */
const loop = `
directory=$1 watch=$2 node=$3
shift 3
for group in $watch; do echo 0 >"$group" || exit 1; done
echo joined >&3
exec 3>&-
while :; do
  ( for group in $node; do echo 0 >"$group" || exit 1; done; exec "$@" )
  code=$?
  case $code in 129|133) echo "formwork: the node reboots" ;; *) break ;; esac
done
echo "$code" >"$directory/exit.new" && mv "$directory/exit.new" "$directory/exit"
`;

export interface Launch {
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

const consoleKeptBytes = 256 * 1024;

const consoleFile = (directory: string): string => join(directory, 'console.log');

/**
 * Starts the loop and returns when it is in its cgroups: from then on everybody who looks sees that the node is being
 * started, and nobody starts it twice. How it goes on is read from the cgroups and the mark `exit`.
 */
export async function startWatched(
  directory: string,
  groups: { readonly watch: readonly string[]; readonly node: readonly string[] },
  launch: Launch,
): Promise<void> {
  await trimConsole(directory);
  const output = await open(consoleFile(directory), 'a', 0o600);
  try {
    const child = spawn(
      'sh',
      [
        '-c',
        loop,
        'formwork-node',
        directory,
        groups.watch.join(' '),
        groups.node.join(' '),
        launch.command,
        ...launch.args,
      ],
      {
        detached: true,
        cwd: '/',
        env: { ...cleanEnvironment, ...launch.env },
        stdio: ['ignore', output.fd, output.fd, 'pipe'],
      },
    );
    await new Promise<void>((resolve, reject) => {
      child.once('error', reject);
      child.stdio[3]?.once('data', () => resolve());
      child.once('exit', () => reject(localError(localFailures.stillBusy(directory, 'its cgroups cannot be joined'))));
    });
    child.stdio[3]?.destroy();
    child.unref();
  } finally {
    await output.close();
  }
}

async function trimConsole(directory: string): Promise<void> {
  const file = consoleFile(directory);
  const size = await stat(file).then(
    (found) => found.size,
    () => 0,
  );
  if (size > consoleKeptBytes * 4) await writeFile(file, (await readFile(file)).subarray(-consoleKeptBytes));
}

export async function readConsole(directory: string, maxBytes: number): Promise<string> {
  const text = await readFile(consoleFile(directory)).catch(() => Buffer.alloc(0));
  return text.subarray(Math.max(0, text.length - maxBytes)).toString('utf8');
}
