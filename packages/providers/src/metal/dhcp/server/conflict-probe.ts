import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { type ClientKey, clientKeyOfMac } from '../codec/hardware-address.ts';
import { formatIpv4, type Ipv4 } from '../codec/ipv4.ts';

/** Whether somebody other than the client has the address. Says no when it cannot find out. */
export type ConflictProbe = (address: Ipv4, client: ClientKey) => Promise<boolean>;

/**
 * By the system's `ping`, which has the right to send ICMP that Node lacks; and because a host may answer no ICMP, by the
 * ARP entry that the try leaves behind (flag 2: complete). More than `atOnce` at a time are not probed but let through.
 */
export function createConflictProbe({ timeoutMs, atOnce }: { timeoutMs: number; atOnce: number }): ConflictProbe {
  let running = 0;
  return async (address, client) => {
    if (running >= atOnce) return false;
    running += 1;
    try {
      const text = formatIpv4(address);
      const answered = await ping(text, timeoutMs);
      const owner = await arpOwner(text);
      return owner === null ? answered : owner !== client;
    } finally {
      running -= 1;
    }
  };
}

function ping(address: string, timeoutMs: number): Promise<boolean> {
  const args = ['-n', '-q', '-c', '1', '-W', String(timeoutMs / 1000), address];
  return new Promise((resolve) => {
    execFile('ping', args, { timeout: timeoutMs + 500 }, (error) => resolve(error === null));
  });
}

async function arpOwner(address: string): Promise<ClientKey | null> {
  const table = await readFile('/proc/net/arp', 'utf8').catch(() => '');
  for (const line of table.split('\n')) {
    const [ip, , flags, mac = ''] = line.split(/\s+/);
    if (ip === address && Number(flags) === 2) return clientKeyOfMac(mac);
  }
  return null;
}
