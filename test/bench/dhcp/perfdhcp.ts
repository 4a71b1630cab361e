import { execFile } from 'node:child_process';
import { percentile, rounded } from '../support/statistics.ts';
import { type Cable, serverAddress } from './cable.ts';

/** What perfdhcp saw of one run. */
export interface Run {
  readonly offered: number;
  /** Four-way exchanges a second. */
  readonly achieved: number;
  /** Shares from 0 to 1. */
  readonly discoverLoss: number;
  readonly requestLoss: number;
  readonly offerP99Ms: number;
  readonly ackP99Ms: number;
}

export interface RunOptions {
  readonly perSecond: number;
  readonly clients: number;
  readonly seconds: number;
}

/**
 * Acts as a relay with `clients` machines behind it that are served one after the other. In one thread: with its default
 * of several it spins on both cores of a small machine and then loses the answers of every server alike.
 */
export function runPerfdhcp(cable: Cable, { perSecond, clients, seconds }: RunOptions): Promise<Run> {
  const args = ['-4', '-l', 'vc', '-r', String(perSecond), '-R', String(clients), '-p', String(seconds)];
  return new Promise((resolve, reject) => {
    execFile(
      'ip',
      ['netns', 'exec', cable.client, 'perfdhcp', ...args, '-g', 'single', '-W', '300000', '-x', 't', serverAddress],
      { timeout: (seconds + 30) * 1000, maxBuffer: 256 << 20 },
      (error, stdout) => {
        // 3: some exchanges were not completed, which is what is measured.
        if (error !== null && error.code !== 3) reject(new Error(`perfdhcp: ${error.message}`));
        else resolve(readRun(stdout, perSecond));
      },
    );
  });
}

/** Reads perfdhcp's report, timestamps included. Throws when it is none. */
function readRun(text: string, offered: number): Run {
  const achieved = Number(/^Rate: ([\d.]+) 4-way/m.exec(text)?.[1]);
  const [discovers = '', requests = ''] = text.split('***Statistics for: REQUEST-ACK***');
  const lossOf = (part: string): number => {
    const sent = Number(/sent packets: (\d+)/.exec(part)?.[1]);
    return sent === 0 ? 1 : Number(/drops: (\d+)/.exec(part)?.[1]) / sent;
  };
  const [offers = '', acks = ''] = text
    .slice(text.indexOf('***Timestamps for packets: DISCOVER-OFFER***'))
    .split('***Timestamps for packets: REQUEST-ACK***');
  const run = {
    offered,
    achieved: rounded(achieved),
    discoverLoss: lossOf(discovers),
    requestLoss: lossOf(requests),
    offerP99Ms: p99Ms(offers),
    ackP99Ms: p99Ms(acks),
  };
  if (Number.isNaN(run.achieved + run.discoverLoss + run.requestLoss))
    throw new Error(`no report of perfdhcp: ${text.slice(-2000)}`);
  return run;
}

function p99Ms(lines: string): number {
  const delays: number[] = [];
  for (const [, sent, received] of lines.matchAll(/^sent \/ received: ([\d.]+) \/ ([\d.]+)$/gm)) {
    delays.push((Number(received) - Number(sent)) * 1000);
  }
  return rounded(percentile(delays, 0.99));
}
