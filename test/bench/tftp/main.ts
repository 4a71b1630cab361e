/**
 * `node scripts/bench.mjs tftp`: 50 MiB with blocks of 1468 octets to one and to eight clients at a time, windows of 1 and
 * 16 blocks, from our server and from tftpd-hpa, atftpd and dnsmasq, one after the other in every round; medians of the
 * rounds. Clients: curl for windows of 1, atftp for windows of 16 (a server that does not know windows falls back to 1).
 * Needs root, and the Debian packages atftp, atftpd, dnsmasq-base and curl. One JSON object on stdout.
 *   --rounds N (5)   --only 1x1,8x1,1x16,8x16   clients x window   --niceness N  of ours (-10)
 */
import { createHash, randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { openTftpNetwork, runToEnd, serverAddress, type TftpNetwork } from '../../metal/tftp-network.ts';
import { cleanUp } from '../support/clean-up.ts';
import { interruptible } from '../support/interruptible.ts';
import { commit, load, machine } from '../support/machine.ts';
import { printReport, say } from '../support/report.ts';
import { median, rounded } from '../support/statistics.ts';
import { type BenchServer, startAtftpd, startDnsmasq, startOurs, startTftpdHpa } from './servers.ts';

const { values: options } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    only: { type: 'string', default: '1x1,8x1,1x16,8x16' },
    niceness: { type: 'string', default: '-10' },
  },
});
const sizeBytes = 50 * 2 ** 20;
const blockSize = 1468;
const name = 'file';
const cases = options.only.split(',').map((text) => {
  const [clients = 1, window = 1] = text.split('x').map(Number);
  return { label: text, clients, window };
});

type Rates = Record<string, Record<string, number[]>>;

const scratch = mkdtempSync(path.join(tmpdir(), 'formwork-bench-tftp-'));
const root = path.join(scratch, 'root');
mkdirSync(root, { mode: 0o755 });
const content = randomBytes(sizeBytes);
writeFileSync(path.join(root, name), content);
const closers: (() => unknown)[] = [() => rmSync(scratch, { recursive: true, force: true })];
const loadBefore = load();

const clientCommand = (server: BenchServer, window: number, into: string): readonly string[] =>
  window === 1
    ? ['curl', '-s', '-f', '-m', '60', '--tftp-blksize', String(blockSize), '-o', into].concat(
        `tftp://${serverAddress}:${String(server.port)}/${name}`,
      )
    : [
        ...['atftp', '--option', `blksize ${String(blockSize)}`, '--option', `windowsize ${String(window)}`],
        ...['--get', '--remote-file', name, '--local-file', into, serverAddress, String(server.port)],
      ];

try {
  await interruptible(async () => {
    const network = openTftpNetwork();
    closers.unshift(() => network.close());
    const servers: BenchServer[] = [];
    closers.unshift(async () => {
      for (const server of servers) await server.stop();
    });
    const given = { network, root, scratch };
    servers.push(await startOurs(given, 6900, 'ours', { niceness: Number(options.niceness) }));
    servers.push(await startTftpdHpa(given, 6901), await startAtftpd(given, 6902), await startDnsmasq(given));
    for (const server of servers) await checked(network, server);

    const rates: Rates = {};
    for (let round = 1; round <= Number(options.rounds); round += 1) {
      for (const { label, clients, window } of cases) {
        for (const server of servers) {
          const rate = await measured(network, server, clients, window);
          ((rates[label] ??= {})[server.name] ??= []).push(rate);
          say(`round ${String(round)} ${label} ${server.name.padEnd(10)} ${String(rounded(rate))} MB/s`);
        }
      }
    }
    report(servers, rates, await commit());
  });
} finally {
  await cleanUp(...closers);
}

/** One transfer of each kind must bring the right octets before anything is measured. */
async function checked(network: TftpNetwork, server: BenchServer): Promise<void> {
  const wanted = createHash('sha256').update(content).digest('hex');
  for (const window of [1, 16]) {
    const into = path.join(scratch, `got-${server.name}`);
    let last = '';
    for (let attempt = 0; attempt < 3 && last !== 'same'; attempt += 1) {
      const { output } = await runToEnd([...network.onClient, ...clientCommand(server, window, into)], 60_000);
      const got = await runToEnd(['sha256sum', into], 20_000);
      last = got.output.startsWith(wanted) ? 'same' : `${output} ${got.output}`;
    }
    rmSync(into, { force: true });
    if (last !== 'same') throw new Error(`${server.name} does not serve the file: ${last}`);
  }
}

/** MB/s of all clients together, in the time until the last has its file. */
async function measured(network: TftpNetwork, server: BenchServer, clients: number, window: number): Promise<number> {
  const command = [...network.onClient, ...clientCommand(server, window, '/dev/null')];
  const started = performance.now();
  const ends = await Promise.all(Array.from({ length: clients }, () => runToEnd(command, 60_000)));
  const failed = ends.find(({ ok }) => !ok);
  if (failed !== undefined) throw new Error(`a client of ${server.name} failed: ${failed.output}`);
  return (clients * sizeBytes) / 1e6 / ((performance.now() - started) / 1000);
}

function report(servers: readonly BenchServer[], rates: Rates, checkedOut: string | null): void {
  const medians = Object.fromEntries(
    Object.entries(rates).map(([label, of]) => [
      label,
      Object.fromEntries(Object.entries(of).map(([server, samples]) => [server, rounded(median(samples))])),
    ]),
  );
  const of = (label: string, server: string): number => medians[label]?.[server] ?? Number.NaN;
  const best = (label: string): number =>
    Math.max(...['tftpd-hpa', 'atftpd', 'dnsmasq'].map((server) => of(label, server)));
  const targets = {
    oneClientWindow1AtLeastBest: { value: of('1x1', 'ours') / best('1x1'), least: 1 },
    oneClientWindow16AtLeastTwiceBestOfWindow1: { value: of('1x16', 'ours') / best('1x1'), least: 2 },
    eightClientsWindow1AtLeast70PercentOfBest: { value: of('8x1', 'ours') / best('8x1'), least: 0.7 },
    eightClientsWindow16AtLeastAtftpd: { value: of('8x16', 'ours') / of('8x16', 'atftpd'), least: 1 },
  };
  printReport({
    bench: 'tftp',
    sizeBytes,
    blockSize,
    niceness: Number(options.niceness),
    machine: machine(),
    load: { before: loadBefore, after: load() },
    commit: checkedOut,
    versions: Object.fromEntries(servers.map((server) => [server.name, server.version])),
    megabytesPerSecond: medians,
    samples: Object.fromEntries(
      Object.entries(rates).map(([label, each]) => [
        label,
        Object.fromEntries(Object.entries(each).map(([server, all]) => [server, all.map(rounded)])),
      ]),
    ),
    holds: Object.fromEntries(
      Object.entries(targets)
        .filter(([, { value }]) => Number.isFinite(value))
        .map(([target, { value, least }]) => [target, { holds: value >= least, value: rounded(value), least }]),
    ),
  });
}
