import { randomInt } from 'node:crypto';
import type { CallContext } from '../../../contract.ts';
import { deadlineOf } from '../deadline.ts';
import { refused } from '../parsed.ts';
import { exchange, type Patience } from './exchange.ts';
import { parsePong, parseRmcp, presencePing, type PresencePong } from './rmcp.ts';
import { openUdpLink } from './udp-link.ts';

/** Whether anything speaks RMCP there, without credentials: an ASF presence ping. @throws `unavailable` when not. */
export async function pingPresence(
  host: string,
  port: number,
  patience: Patience,
  context: CallContext,
): Promise<PresencePong> {
  const signal = deadlineOf(context);
  const link = await openUdpLink(host, port, signal);
  const tag = randomInt(0xff);
  try {
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
  } finally {
    link.close();
  }
}
