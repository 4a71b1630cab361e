import { bmcError, bmcFailures } from '../bmc-failures.ts';
import type { Parsed } from '../parsed.ts';
import type { UdpLink } from './udp-link.ts';

/** How often a packet is sent before the BMC counts as silent, and how long the answer to each may take. */
export interface Patience {
  readonly tries: number;
  /** For the first try; each further one waits half as long again. */
  readonly firstWaitMs: number;
}

export const defaultPatience: Patience = { tries: 4, firstWaitMs: 1_000 };

/** What to do with a packet: take it, or drop it and say why. */
export type Accept<T> = (packet: Buffer) => Parsed<T>;

/**
 * Sends until one packet is accepted. Other packets are dropped: late answers, garbage, packets of nobody we know.
 * @param packetFor Makes the packet of each try: within a session every try needs a new sequence number.
 * @throws `unavailable`, code `garbled-answer` when only garbage came, `no-answer` when nothing did.
 */
export async function exchange<T>(
  link: UdpLink,
  what: string,
  packetFor: (attempt: number) => Buffer,
  accept: Accept<T>,
  patience: Patience,
  signal: AbortSignal,
): Promise<T> {
  let dropped: string | null = null;
  for (let attempt = 0; attempt < patience.tries; attempt += 1) {
    link.send(packetFor(attempt));
    const giveUpAt = performance.now() + patience.firstWaitMs * 1.5 ** attempt;
    for (;;) {
      const leftMs = giveUpAt - performance.now();
      const packet = leftMs > 0 ? await link.next(leftMs, signal) : null;
      if (packet === null) break;
      const taken = accept(packet);
      if (taken.ok) return taken.value;
      dropped = taken.reason;
    }
  }
  throw bmcError(dropped === null ? bmcFailures.noAnswer(what) : bmcFailures.garbled(what, dropped));
}
