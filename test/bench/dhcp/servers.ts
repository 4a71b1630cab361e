import { type ChildProcess, spawn } from 'node:child_process';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { processCpuMs } from '../support/process-cpu.ts';
import { type Cable, serverAddress } from './cable.ts';
import { dhcpdLeases, dnsmasqLeases, keaLeases } from './lease-files.ts';
import { runPerfdhcp } from './perfdhcp.ts';

export const serverNames = ['formwork', 'dnsmasq', 'isc-dhcpd', 'kea'] as const;
export type ServerName = (typeof serverNames)[number];

export interface RunningServer {
  cpuMs(): number;
  stop(): Promise<void>;
}

const root = path.resolve(import.meta.dirname, '../../..');
const leaseS = 3600;
const [first, last] = ['10.88.1.0', '10.88.255.250'];

/** Starts a server with `held` leases in its store, and waits until it answers. */
export async function startServer(
  name: ServerName,
  cable: Cable,
  directory: string,
  held: number,
): Promise<RunningServer> {
  const own = path.join(directory, name);
  await rm(own, { recursive: true, force: true });
  await mkdir(own, { recursive: true });
  const endS = Math.floor(Date.now() / 1000) + leaseS;
  const { command, args, env } = await setUp[name](own, held, endS);
  const child = spawn('ip', ['netns', 'exec', cable.server, command, ...args], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, ...env },
    cwd: own,
  });
  let errors = '';
  child.stderr.on('data', (chunk: Buffer) => (errors = (errors + chunk.toString()).slice(-4000)));
  await answers(cable, child, () => errors);
  // Ours has no file to be written by others: it gets its leases as any client gets one.
  if (name === 'formwork' && held > 0) {
    await runPerfdhcp(cable, { perSecond: 3000, clients: held, seconds: Math.ceil(held / 2900) });
  }
  const pid = child.pid ?? 0;
  return { cpuMs: () => processCpuMs(pid), stop: () => end(child) };
}

async function answers(cable: Cable, child: ChildProcess, errors: () => string): Promise<void> {
  for (let attempt = 0; attempt < 30; attempt += 1) {
    if (child.exitCode !== null) throw new Error(`a server ended at once: ${errors()}`);
    const { discoverLoss } = await runPerfdhcp(cable, { perSecond: 10, clients: 1, seconds: 1 }).catch(() => ({
      discoverLoss: 1,
    }));
    if (discoverLoss < 1) return;
  }
  await end(child);
  throw new Error(`a server never answered: ${errors()}`);
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  child.kill('SIGTERM');
  const force = setTimeout(() => child.kill('SIGKILL'), 5000);
  await ended;
  clearTimeout(force);
}

interface SetUp {
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

const setUp: Readonly<Record<ServerName, (own: string, clients: number, endS: number) => Promise<SetUp>>> = {
  formwork: async (own) => {
    const config = path.join(own, 'dhcp.json');
    const subnet = { name: 'bench', cidr: '10.88.0.0/16', pools: [{ first, last }], routers: [serverAddress], leaseS };
    // The others limit no client; two hundred clients at thousands a second are no real ones.
    const limits = { packetsPerSecond: 0 };
    await writeFile(
      config,
      JSON.stringify({ listen: [{ address: serverAddress }], subnets: [subnet], limits, rogue: { watch: false } }),
    );
    const main = path.join(root, 'packages/providers/dist/metal/dhcp/main.js');
    return { command: process.execPath, args: [main, '--config', config, '--journal', path.join(own, 'journal')] };
  },
  dnsmasq: async (own, clients, endS) => {
    const leases = path.join(own, 'leases');
    await writeFile(leases, dnsmasqLeases(clients, endS));
    const more = [
      '--dhcp-lease-max=100000',
      '--quiet-dhcp',
      '--no-ping',
      '--user=root',
      '--pid-file=',
      `--dhcp-leasefile=${leases}`,
    ];
    return {
      command: 'dnsmasq',
      args: [
        ...['--keep-in-foreground', '--conf-file=/dev/null', '--port=0', '--interface=vs', '--bind-interfaces'],
        ...[`--dhcp-range=${first},${last},255.255.0.0,1h`, `--dhcp-option=3,${serverAddress}`, ...more],
      ],
    };
  },
  'isc-dhcpd': async (own, clients, endS) => {
    const [config, leases] = [path.join(own, 'dhcpd.conf'), path.join(own, 'leases')];
    await writeFile(leases, dhcpdLeases(clients, endS));
    // Without the threshold it would acknowledge fresh leases again without writing them.
    await writeFile(
      config,
      `ping-check false; authoritative; dhcp-cache-threshold 0; default-lease-time ${leaseS}; max-lease-time ${leaseS}; log-facility local7;
subnet 10.88.0.0 netmask 255.255.0.0 { range ${first} ${last}; option routers ${serverAddress}; }\n`,
    );
    const user = ['-user', 'root', '-group', 'root'];
    return {
      command: 'dhcpd',
      args: ['-4', '-f', '-q', '-cf', config, '-lf', leases, '-pf', path.join(own, 'pid'), ...user, 'vs'],
    };
  },
  kea: async (own, clients, endS) => {
    const [config, leases] = [path.join(own, 'kea.json'), path.join(own, 'leases.csv')];
    await writeFile(leases, keaLeases(clients, endS));
    const dhcp4 = {
      'interfaces-config': { interfaces: ['vs'], 'dhcp-socket-type': 'raw' },
      'lease-database': { type: 'memfile', persist: true, name: leases, 'lfc-interval': 0 },
      'multi-threading': { 'enable-multi-threading': true, 'thread-pool-size': 2, 'packet-queue-size': 64 },
      'valid-lifetime': leaseS,
      subnet4: [
        {
          id: 1,
          subnet: '10.88.0.0/16',
          pools: [{ pool: `${first} - ${last}` }],
          'option-data': [{ name: 'routers', data: serverAddress }],
        },
      ],
      loggers: [{ name: 'kea-dhcp4', severity: 'ERROR', output_options: [{ output: 'stderr' }] }],
    };
    await writeFile(config, JSON.stringify({ Dhcp4: dhcp4 }));
    return { command: 'kea-dhcp4', args: ['-c', config], env: { KEA_PIDFILE_DIR: own, KEA_LOCKFILE_DIR: own } };
  },
};
