/** For tests: a real sshd on a random port of this host, reached through a proxy that can cut the connection. */
import { execFile, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
  copyFileSync,
} from 'node:fs';
import { connect, createServer } from 'node:net';
import type { Server, Socket } from 'node:net';
import { basename, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { generateDeploymentKeyPair } from './deployment-key-pair.ts';
import type { ScriptTarget } from './script-launch.ts';

const run = promisify(execFile);

/** `busybox`: a chroot with nothing but busybox in it. `sudo`: this host, by a user that is not root. */
export type TestNodeKind = 'dash' | 'busybox' | 'sudo';

export interface TestNode {
  readonly target: ScriptTarget;
  /** Where the node's `path` is on this host. */
  readonly hostPath: (path: string) => string;
  /** A directory for scripts to write to, as the node sees it. */
  readonly work: string;
  /** Ends every connection as a broken network would; new ones are taken again unless `refuse` is true. */
  cut(refuse?: boolean): void;
  accept(): void;
  /** Commands that sshd has started since the node began. */
  execs(): number;
  connections(): number;
  changeHostKey(): Promise<void>;
  /** Runs a command where the node's own disk can be seen. */
  inside(script: string): Promise<void>;
  stop(): Promise<void>;
}

/** `diskKib`: what the supervisor keeps lies on a disk of its own, of this size. */
export async function startTestNode(
  kind: TestNodeKind,
  { diskKib = null }: { readonly diskKib?: number | null } = {},
): Promise<TestNode> {
  const root = mkdtempSync('/run/formwork-test-');
  chmodSync(root, 0o755);
  const node = join(root, 'node');
  mkdirSync(node, { mode: 0o755 });
  const hostPath = (path: string): string => (kind === 'busybox' ? join(node, path) : path);
  const prefix = kind === 'busybox' ? '' : node;
  const user = kind === 'sudo' ? `fw-test-${process.pid}` : 'root';
  const keys = generateDeploymentKeyPair('test');
  const hostKeyFile = join(root, 'host-key');
  const port = await freePort();
  // Where sshd drops its rights; its own service makes it, too.
  mkdirSync('/run/sshd', { recursive: true, mode: 0o755 });
  mkdirSync(hostPath(`${prefix}/work`), { recursive: true, mode: 0o777 });
  chmodSync(hostPath(`${prefix}/work`), 0o777);
  if (kind === 'busybox') makeBusyboxRoot(node);
  if (kind === 'sudo') {
    await run('useradd', [
      '--no-create-home',
      '--home-dir',
      '/nonexistent',
      '--shell',
      '/bin/sh',
      '--password',
      '*',
      user,
    ]);
    writeFileSync(`/etc/sudoers.d/${user}`, `${user} ALL=(ALL) NOPASSWD: ALL\n`, { mode: 0o440 });
  }
  writeFileSync(join(root, 'authorized_keys'), `${keys.publicKey}\n`);
  const config = [
    `Port ${port}`,
    'ListenAddress 127.0.0.1',
    `HostKey ${hostKeyFile}`,
    `AuthorizedKeysFile ${join(root, 'authorized_keys')}`,
    'StrictModes no',
    'UsePAM no',
    'UseDNS no',
    'PidFile none',
    'MaxStartups 100',
    'LogLevel VERBOSE',
    ...(kind === 'busybox' ? [`ChrootDirectory ${node}`] : []),
  ];
  writeFileSync(join(root, 'sshd_config'), `${config.join('\n')}\n`);
  const newHostKey = async (): Promise<string> => {
    rmSync(hostKeyFile, { force: true });
    await run('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', hostKeyFile]);
    return readFileSync(`${hostKeyFile}.pub`, 'utf8').split(' ').slice(0, 2).join(' ');
  };
  const hostKey = await newHostKey();

  let execs = 0;
  let sshd: ChildProcess;
  const stateRoot = `${prefix}/state-${basename(root)}`;
  const disk = hostPath(`${stateRoot}/lib`);
  if (diskKib !== null) mkdirSync(disk, { recursive: true });
  const startSshd = async (): Promise<void> => {
    const binds = kind === 'busybox' ? `mount --rbind /proc ${node}/proc && mount --rbind /dev ${node}/dev && ` : '';
    const mounts = `${binds}${diskKib === null ? '' : `mount -t tmpfs -o size=${diskKib}k tmpfs ${disk} && `}`;
    const script = `${mounts}exec /usr/sbin/sshd -D -e -f ${join(root, 'sshd_config')}`;
    sshd = spawn('unshare', ['--mount', '--propagation', 'private', 'sh', '-c', script], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    sshd.stderr?.on('data', (text: Buffer) => {
      execs += text.toString().split('Starting session: ').length - 1;
    });
    while (!(await answers(port))) await delay(20);
  };
  const stopSshd = async (): Promise<void> => {
    const gone = new Promise((resolve) => sshd.once('exit', resolve));
    sshd.kill('SIGTERM');
    await gone;
  };
  await startSshd();

  const sockets = new Set<Socket>();
  let refusing = false;
  let connections = 0;
  const proxy: Server = createServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket)).on('error', () => undefined);
    if (refusing) {
      socket.destroy();
      return;
    }
    connections += 1;
    const far = connect({ host: '127.0.0.1', port, noDelay: true });
    socket.setNoDelay(true);
    far.on('error', () => socket.destroy()).on('close', () => socket.destroy());
    socket.on('close', () => far.destroy());
    socket.pipe(far).pipe(socket);
  });
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  const address = proxy.address();

  return {
    target: {
      host: '127.0.0.1',
      port: typeof address === 'object' && address !== null ? address.port : 0,
      user,
      privateKey: keys.privateKey,
      hostKey,
      stateRoot,
      rebootCommand: `touch ${prefix}/work/rebooted`,
    },
    hostPath,
    work: `${prefix}/work`,
    cut(refuse = false) {
      refusing = refuse;
      for (const socket of sockets) socket.destroy();
    },
    accept() {
      refusing = false;
    },
    execs: () => execs,
    connections: () => connections,
    async changeHostKey() {
      await stopSshd();
      await newHostKey();
      await startSshd();
    },
    async inside(script) {
      await run('nsenter', ['--mount', '--target', String(sshd.pid), 'sh', '-c', script]);
    },
    async stop() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => proxy.close(resolve));
      await stopSshd();
      if (kind === 'sudo') {
        rmSync(`/etc/sudoers.d/${user}`, { force: true });
        await run('userdel', ['--force', user]);
      }
      rmSync(root, { recursive: true, force: true });
    },
  };
}

function makeBusyboxRoot(node: string): void {
  for (const directory of ['bin', 'etc', 'proc', 'dev', 'tmp', 'root'])
    mkdirSync(join(node, directory), { mode: 0o755 });
  copyFileSync('/usr/bin/busybox', join(node, 'bin/busybox'));
  chmodSync(join(node, 'bin/busybox'), 0o755);
  const applets = [
    'sh',
    'cat',
    'cp',
    'mv',
    'rm',
    'mkdir',
    'rmdir',
    'mkfifo',
    'ln',
    'ls',
    'wc',
    'dd',
    'head',
    'tail',
    'grep',
  ];
  const more = [
    'find',
    'sleep',
    'setsid',
    'env',
    'tar',
    'touch',
    'sync',
    'kill',
    'printf',
    'id',
    'yes',
    'nohup',
    'stat',
    'tr',
  ];
  for (const name of [...applets, ...more]) symlinkSync('busybox', join(node, 'bin', name));
  // sshd takes root's shell from this host's accounts.
  writeFileSync(join(node, 'bin/bash'), '#!/bin/sh\nexec /bin/sh "$@"\n', { mode: 0o755 });
  writeFileSync(join(node, 'etc/passwd'), 'root:x:0:0:root:/root:/bin/sh\n');
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === 'object' && address !== null ? address.port : 0;
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port });
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('close', () => undefined);
    socket.once('connect', () => socket.destroy());
  });
}

/** Waits for a condition, not for a time. */
export async function until(what: string, holds: () => boolean | Promise<boolean>, withinMs = 20_000): Promise<void> {
  const end = performance.now() + withinMs;
  while (!(await holds())) {
    if (performance.now() > end) throw new Error(`never came true: ${what}`);
    await delay(20);
  }
}
