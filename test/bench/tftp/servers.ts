import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { runToEnd, serverAddress, start, type TftpNetwork } from '../../metal/tftp-network.ts';
import { firstLine } from '../support/machine.ts';

const repository = path.resolve(import.meta.dirname, '../../..');

export interface BenchServer {
  readonly name: string;
  readonly port: number;
  readonly version: string | null;
  stop(): Promise<void>;
}

interface Given {
  readonly network: TftpNetwork;
  /** Directory with the files to serve. */
  readonly root: string;
  /** For what a server needs beside. */
  readonly scratch: string;
}

const stopOf = (child: ChildProcess) => async (): Promise<void> => {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, 'exit');
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), 5_000);
  await gone;
  clearTimeout(timer);
};

/** Our own, from its sources; `niceness` 0 is how it does where it may not raise its priority. */
export async function startOurs(given: Given, port: number, name: string, more: object): Promise<BenchServer> {
  const file = path.join(given.scratch, `${name}.json`);
  writeFileSync(file, JSON.stringify({ addresses: [serverAddress], port, root: given.root, ...more }));
  const program = path.join(repository, 'packages/providers/src/metal/tftp/main.ts');
  const child = start(
    [...given.network.onServer, process.execPath, '--conditions=formwork-source', '--import', 'tsx', program, file],
    { cwd: repository, stdio: ['ignore', 'pipe', 'ignore'] },
  );
  if (child.stdout === null) throw new Error('the server has no output');
  await once(createInterface({ input: child.stdout }), 'line', { signal: AbortSignal.timeout(30_000) });
  return { name, port, version: process.version, stop: stopOf(child) };
}

export async function startAtftpd({ network, root }: Given, port: number): Promise<BenchServer> {
  const options = [
    '--daemon',
    '--no-fork',
    '--verbose=0',
    '--logfile',
    '/dev/null',
    '--user',
    'root',
    '--group',
    'root',
  ];
  const child = start(
    [...network.onServer, 'atftpd', ...options, '--bind-address', serverAddress, '--port', String(port), root],
    { stdio: 'ignore' },
  );
  return { name: 'atftpd', port, version: await firstLine('atftpd', '--version'), stop: stopOf(child) };
}

export async function startDnsmasq({ network, root }: Given): Promise<BenchServer> {
  const options = ['--keep-in-foreground', '--port=0', '--enable-tftp', '--user=root', '--conf-file=/dev/null'];
  const child = start(
    [
      ...network.onServer,
      'dnsmasq',
      ...options,
      `--tftp-root=${root}`,
      `--listen-address=${serverAddress}`,
      ...['--bind-interfaces', '--pid-file='],
    ],
    { stdio: 'ignore' },
  );
  return { name: 'dnsmasq', port: 69, version: await firstLine('dnsmasq', '--version'), stop: stopOf(child) };
}

/**
 * tftpd-hpa from its package unpacked aside: installed, it conflicts with atftpd, whose package has an `in.tftpd` of its
 * own, so that one would measure atftpd twice.
 */
export async function startTftpdHpa({ network, root, scratch }: Given, port: number): Promise<BenchServer> {
  const unpacked = path.join(scratch, 'tftpd-hpa');
  const program = path.join(unpacked, 'usr/sbin/in.tftpd');
  if (!existsSync(program)) {
    const script = 'cd "$0" && apt-get download -qq tftpd-hpa && dpkg -x tftpd-hpa_*.deb tftpd-hpa';
    const { ok, output } = await runToEnd(['/bin/sh', '-c', script, scratch], 60_000);
    if (!ok) throw new Error(`tftpd-hpa cannot be had: ${output}`);
  }
  const child = start(
    [...network.onServer, program, '-L', '-u', 'root', '-a', `${serverAddress}:${String(port)}`, '-s', root],
    { stdio: 'ignore' },
  );
  return { name: 'tftpd-hpa', port, version: await firstLine(program, '-V'), stop: stopOf(child) };
}
