/** IPMI LAN messages as a BMC reads and writes them (IPMI 2.0 section 13.8). */
import { complement } from './bytes.ts';

export interface Asked {
  readonly netFn: number;
  readonly command: number;
  readonly rqSeq: number;
  readonly data: Buffer;
}

export interface Answered {
  readonly code: number;
  readonly data?: readonly number[] | Buffer;
}

/** Null for anything that is no request to this BMC. */
export function readRequest(message: Buffer): Asked | null {
  if (message.length < 7 || message[0] !== 0x20) return null;
  const [, second = 0, first, , sequence = 0, command = 0] = message;
  if (complement(message.subarray(0, 2)) !== first) return null;
  if (complement(message.subarray(3, -1)) !== message[message.length - 1]) return null;
  if (second % 8 >= 4) return null;
  return { netFn: second >> 2, command, rqSeq: sequence >> 2, data: message.subarray(6, -1) };
}

export function writeResponse({ netFn, command, rqSeq }: Asked, { code, data = [] }: Answered): Buffer {
  const head = [0x81, (netFn | 1) << 2];
  const rest = [0x20, rqSeq << 2, command, code, ...data];
  return Buffer.from([...head, complement(head), ...rest, complement(rest)]);
}
