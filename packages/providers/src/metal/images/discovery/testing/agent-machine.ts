/**
 * The agent on this host instead of in a machine: its scripts under dash with busybox's programs, on a tree of files that
 * looks like a machine's /sys and /proc. What would reach for the host itself (reboot, ip, mount) is not there or only
 * writes down that it was called.
 */
import { type ChildProcess, execFile, execFileSync, spawn } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { agentDirectory } from '../agent-entries.ts';
import { readSitePublicKey, signifyPublicKey } from '../site-key.ts';
import { type Tree, serverTree, writeTree } from './machine-tree.ts';

const applets =
  'awk base64 basename cat chmod cp cut dirname dmesg find grep head ls mkdir mkfifo mv nc nproc od readlink rm rmdir sed seq setsid sha256sum sleep sort tail tee timeout tr uname wc';
const programs = ['dd', 'jq', 'signify-openbsd', 'zstd'];
const writtenDown = ['blkdiscard', 'blockdev', 'ip', 'killall', 'kexec', 'modprobe', 'poweroff', 'reboot', 'sync'];

export interface AgentMachine {
  readonly directory: string;
  /** Where the agent keeps what it knows. */
  readonly run: string;
  /** A file that stands for a disk. */
  device(name: string): string;
  /** Runs a line of shell with these parts of the agent loaded; answers its output. */
  shell(parts: readonly string[], line: string): Promise<string>;
  /** Starts the agent itself. */
  start(): ChildProcess;
  /** Kills the agents that were started, and nothing that they have begun. */
  kill(): void;
  /** Lines `program arguments` of what was called and does not exist here. */
  readonly called: () => string;
  close(): void;
}

export function openAgentMachine({
  tree = {},
  arguments: words = [],
  sitePublicKey = null,
}: {
  readonly tree?: Tree;
  readonly arguments?: readonly string[];
  readonly sitePublicKey?: string | null;
} = {}): AgentMachine {
  const directory = mkdtempSync(join(tmpdir(), 'formwork-agent-'));
  const [bin, root, run, dev] = ['bin', 'root', 'run', 'dev'].map((name) => join(directory, name)) as [
    string,
    string,
    string,
    string,
  ];
  for (const folder of [bin, root, run, dev]) mkdirSync(folder);
  const find = (name: string): string => execFileSync('which', [name], { encoding: 'utf8' }).trim();
  for (const name of applets.split(' ')) symlinkSync(find('busybox'), join(bin, name));
  for (const name of programs) symlinkSync(find(name), join(bin, name));
  symlinkSync(find('dash'), join(bin, 'sh'));
  for (const name of writtenDown) {
    writeFileSync(join(bin, name), `#!${find('dash')}\necho "${name} $*" >>'${directory}/called'\n`);
    chmodSync(join(bin, name), 0o755);
  }
  writeTree(root, { ...serverTree, 'proc/cmdline': `quiet ${words.join(' ')}\n`, ...tree });
  const siteKeyFile = join(directory, 'site.pub');
  const key = sitePublicKey === null ? null : readSitePublicKey(sitePublicKey);
  if (key !== null) writeFileSync(siteKeyFile, signifyPublicKey(key));
  const library = join(agentDirectory, 'lib/formwork');
  const env = {
    PATH: bin,
    LC_ALL: 'C',
    FORMWORK_LIB: library,
    FORMWORK_RUN: run,
    FORMWORK_ROOT: root,
    FORMWORK_DEV: dev,
    FORMWORK_SITE_KEY: siteKeyFile,
    FORMWORK_NO_NETWORK: 'yes',
  };
  const children: ChildProcess[] = [];
  return {
    directory,
    run,
    device: (name) => join(dev, name),
    shell: (parts, line) =>
      new Promise((resolve, reject) => {
        const load = ['settings', ...parts].map((part) => `. "$FORMWORK_LIB/${part}.sh"`).join('; ');
        execFile(join(bin, 'sh'), ['-c', `${load}; ${line}`], { env, timeout: 20_000 }, (error, stdout, stderr) => {
          if (error === null) resolve(stdout);
          else reject(new Error(`${error.message}\n${stderr}`));
        });
      }),
    start: () => {
      // A group of its own: what it has started ends with it.
      const child = spawn(join(bin, 'sh'), [join(library, 'agent.sh')], { env, stdio: 'ignore', detached: true });
      children.push(child);
      return child;
    },
    kill: () => {
      for (const child of children) child.kill('SIGKILL');
    },
    called: () => (existsSync(join(directory, 'called')) ? readFileSync(join(directory, 'called'), 'utf8') : ''),
    close: () => {
      // A task has a session of its own, and so has a script in it.
      const groups = ['task/process', 'task/work/group'].flatMap((name) =>
        existsSync(join(run, name)) ? [Number(readFileSync(join(run, name), 'utf8'))] : [],
      );
      for (const pid of [...children.map((child) => child.pid), ...groups]) {
        try {
          if (pid !== undefined && pid > 1) process.kill(-pid, 'SIGKILL');
        } catch {
          // It has ended.
        }
      }
      rmSync(directory, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}
