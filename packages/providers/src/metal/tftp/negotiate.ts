import type { Options } from './packet.ts';

export interface NegotiationLimits {
  /** Largest block in octets: what the path carries in one packet. */
  readonly maxBlockSize: number;
  /** Most blocks in flight. */
  readonly maxWindowSize: number;
}

export interface Negotiated {
  /** Octets. */
  readonly blockSize: number;
  /** Blocks. */
  readonly windowSize: number;
  /** What the client wants between retransmissions (RFC 2349); null when it did not say. */
  readonly timeoutMs: number | null;
  /** What the OACK holds: only what was asked and is granted, named as it was asked. Empty: no OACK is sent. */
  readonly granted: Options;
}

/** RFC 1350: what holds when nothing is negotiated. */
const defaultBlockSize = 512;

/**
 * Answers the options of a read request: `blksize` 8..65464 (RFC 2348), `tsize` and `timeout` 1..255 s (RFC 2349),
 * `windowsize` 1..65535 (RFC 7440). Names in any case. What is unknown, said twice or out of range is left unanswered,
 * as RFC 2347 has it: never an error, since old firmware sends nonsense.
 */
export function negotiate(options: Options, sizeBytes: number, limits: NegotiationLimits): Negotiated {
  const granted: (readonly [string, string])[] = [];
  const seen = new Set<string>();
  let blockSize = defaultBlockSize;
  let windowSize = 1;
  let timeoutMs: number | null = null;
  for (const [name, text] of options) {
    const option = name.toLowerCase();
    const value = /^\d{1,15}$/.test(text) ? Number(text) : null;
    if (value === null || seen.has(option)) continue;
    seen.add(option);
    if (option === 'blksize' && value >= 8 && value <= 65464) {
      blockSize = Math.min(value, Math.max(8, limits.maxBlockSize));
      granted.push([name, String(blockSize)]);
    } else if (option === 'windowsize' && value >= 1 && value <= 65535) {
      windowSize = Math.min(value, limits.maxWindowSize);
      granted.push([name, String(windowSize)]);
    } else if (option === 'timeout' && value >= 1 && value <= 255) {
      timeoutMs = value * 1000;
      granted.push([name, text]);
    } else if (option === 'tsize') granted.push([name, String(sizeBytes)]);
  }
  return { blockSize, windowSize, timeoutMs, granted };
}

/** Largest block that one packet of the path carries: IP (20 or 40 octets), UDP (8) and TFTP (4) before it. */
export const blockSizeOfMtu = (mtu: number, family: 4 | 6): number =>
  Math.max(8, Math.min(65464, mtu - (family === 4 ? 20 : 40) - 8 - 4));
