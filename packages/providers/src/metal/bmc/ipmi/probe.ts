import { randomInt } from 'node:crypto';
import { refused } from '../parsed.ts';
import { advertisedSuites, channelCapabilities } from './channel-queries.ts';
import { exchange, type Patience } from './exchange.ts';
import type { IpmiTarget } from './ipmi-target.ts';
import { parsePong, parseRmcp, presencePing, type PresencePong } from './rmcp.ts';
import { openUdpLink, type UdpLink } from './udp-link.ts';

/** What a BMC tells anybody: for a site's check and for discovery, never for choosing how to talk to it. */
export interface IpmiProbe {
  readonly speaksIpmi: boolean;
  readonly rmcpPlus: boolean;
  readonly hasKg: boolean;
  /** Numbers of its cipher suites; suite 0 among them lets anybody in. */
  readonly suites: readonly number[];
}

/** Without credentials. @throws `unavailable` where nothing speaks RMCP. */
export async function probeIpmi(
  { host, port, patience }: Pick<IpmiTarget, 'host' | 'port' | 'patience'>,
  signal: AbortSignal,
): Promise<IpmiProbe> {
  const link = await openUdpLink(host, port, signal);
  try {
    const { speaksIpmi } = await ping(link, patience, signal);
    const { rmcpPlus, hasKg } = await channelCapabilities(link, patience, signal);
    const suites = rmcpPlus ? await advertisedSuites(link, patience, signal) : [];
    return { speaksIpmi, rmcpPlus, hasKg, suites: suites.map(({ id }) => id) };
  } finally {
    link.close();
  }
}

async function ping(link: UdpLink, patience: Patience, signal: AbortSignal): Promise<PresencePong> {
  // FF would be a ping that wants no answer.
  const tag = randomInt(0xff);
  return await exchange(
    link,
    'presence ping',
    () => presencePing(tag),
    (packet) => {
      const rmcp = parseRmcp(packet);
      if (!rmcp.ok) return rmcp;
      if (rmcp.value.class !== 'asf') return refused('no ASF message');
      const pong = parsePong(rmcp.value.body);
      return pong.ok && pong.value.tag !== tag ? refused('pong for another ping') : pong;
    },
    patience,
    signal,
  );
}
