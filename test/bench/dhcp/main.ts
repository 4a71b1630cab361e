/**
 * `npm run bench:dhcp`: four-way exchanges a second at under 1 % loss, ours beside dnsmasq, ISC dhcpd and Kea, leases
 * persisted by all, interleaved in rounds; perfdhcp and the server share the machine. One JSON object on stdout.
 *   --clients 200,20000   --held N  leases that a server holds before (as many as clients)   --seconds N of each run (3)   --rounds N (3)   --servers formwork,dnsmasq,isc-dhcpd,kea
 * Needs root and kea-dhcp4-server, kea-admin, dnsmasq-base, isc-dhcp-server.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { cleanUp } from '../support/clean-up.ts';
import { interruptible } from '../support/interruptible.ts';
import { commit, firstLine, load, machine } from '../support/machine.ts';
import { printReport, say } from '../support/report.ts';
import { median, rounded } from '../support/statistics.ts';
import { layCable } from './cable.ts';
import { type Climb, climb } from './ladder.ts';
import { type ServerName, serverNames, startServer } from './servers.ts';

const { values: options } = parseArgs({
  options: {
    clients: { type: 'string', default: '200,20000' },
    held: { type: 'string' },
    seconds: { type: 'string', default: '3' },
    rounds: { type: 'string', default: '3' },
    servers: { type: 'string', default: serverNames.join(',') },
  },
});
const chosen = serverNames.filter((name) => options.servers.split(',').includes(name));
const seconds = Number(options.seconds);

/** Where the first climb starts; later ones start below what was reached. */
const startRate: Readonly<Record<ServerName, (clients: number, held: number) => number>> = {
  formwork: () => 4000,
  kea: () => 4000,
  dnsmasq: (clients, held) => (clients < 1000 ? 1500 : held < 1000 ? 200 : 20),
  'isc-dhcpd': () => 400,
};

const directory = mkdtempSync(path.join(tmpdir(), 'formwork-bench-dhcp-'));
const loadBefore = load();
const cable = layCable();
try {
  await interruptible(run);
} finally {
  await cleanUp(
    () => cable.remove(),
    () => rmSync(directory, { recursive: true, force: true }),
  );
}

async function run(): Promise<void> {
  const results: Record<string, unknown> = {};
  const holds: Record<string, boolean> = {};
  for (const clients of options.clients.split(',').map(Number)) {
    const climbs = await measure(clients);
    const summary = Object.fromEntries(chosen.map((name) => [name, summaryOf(climbs[name])]));
    results[String(clients)] = summary;
    const ours = summary['formwork']?.perSecond ?? 0;
    const against = (name: ServerName, times: number): void => {
      const theirs = summary[name]?.perSecond;
      if (theirs !== undefined) holds[`${clients} clients: at least ${times} x ${name}`] = ours >= times * theirs;
    };
    if (clients < 20_000) continue;
    against('dnsmasq', 1.2);
    against('isc-dhcpd', 5);
    against('kea', 0.5);
  }
  printReport({
    bench: 'dhcp',
    machine: machine(),
    load: { before: loadBefore, after: load() },
    versions: {
      node: process.version,
      dnsmasq: await firstLine('dnsmasq', '--version'),
      kea: await firstLine('kea-dhcp4', '-v'),
      'isc-dhcpd': await firstLine('dhcpd', '--version'),
    },
    commit: await commit(),
    settings: {
      secondsARun: seconds,
      rounds: Number(options.rounds),
      leasesHeldAtStart: options.held ?? 'as many as clients',
    },
    results,
    holds,
  });
}

async function measure(clients: number): Promise<Readonly<Record<ServerName, readonly Climb[]>>> {
  const held = Number(options.held ?? clients);
  const climbs: Record<ServerName, Climb[]> = { formwork: [], dnsmasq: [], 'isc-dhcpd': [], kea: [] };
  for (let round = 1; round <= Number(options.rounds); round += 1) {
    for (const name of chosen) {
      const reached = climbs[name].at(-1)?.best?.offered;
      const server = await startServer(name, cable, directory, held);
      try {
        const made = await climb(
          cable,
          server,
          clients,
          reached === undefined ? startRate[name](clients, held) : reached / 1.2,
          seconds,
        );
        climbs[name].push(made);
        say(
          `${clients} clients, round ${round}, ${name}: ${made.best === null ? 'nothing' : `${made.best.achieved}/s`}`,
        );
      } finally {
        await server.stop();
      }
    }
  }
  return climbs;
}

function summaryOf(climbs: readonly Climb[]) {
  const best = climbs.flatMap((made) => made.best ?? []);
  const middle = (of: (run: (typeof best)[number]) => number): number => rounded(median(best.map(of)));
  return {
    perSecond: middle(({ achieved }) => achieved),
    offerP99Ms: middle(({ offerP99Ms }) => offerP99Ms),
    ackP99Ms: middle(({ ackP99Ms }) => ackP99Ms),
    cpuUsPerExchange: middle(({ cpuUsPerExchange }) => cpuUsPerExchange),
    rounds: best.map(({ achieved, discoverLoss, requestLoss }) => [
      achieved,
      rounded(discoverLoss),
      rounded(requestLoss),
    ]),
    runsTried: climbs.reduce((sum, { tried }) => sum + tried.length, 0),
  };
}
