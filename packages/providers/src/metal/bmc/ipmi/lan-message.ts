/**
 * IPMI LAN message (IPMI 2.0 section 13.8), the payload of type 00:
 *
 *   request:  0 rsAddr 20 | 1 netFn<<2, LUN | 2 checksum of 0..1 | 3 rqAddr 81 | 4 rqSeq<<2, LUN | 5 cmd | data | checksum
 *   response: 0 rqAddr 81 | 1 netFn<<2, LUN | 2 checksum of 0..1 | 3 rsAddr 20 | 4 rqSeq<<2, LUN | 5 cmd | 6 code | data |
 *             checksum of 3..
 */
import { parsed, refused, type Parsed } from '../parsed.ts';

const bmcAddress = 0x20;
const consoleAddress = 0x81;

export interface IpmiRequest {
  /** Even; the response carries the next odd one. */
  readonly netFn: number;
  readonly command: number;
  readonly data: readonly number[];
}

export interface IpmiResponse {
  readonly netFn: number;
  readonly command: number;
  /** 0..63. */
  readonly rqSeq: number;
  readonly completionCode: number;
  readonly data: Buffer;
}

/** Two's complement of the sum: with it the bytes add up to 0 modulo 256. */
export const checksum = (bytes: Iterable<number>): number => {
  let sum = 0;
  for (const byte of bytes) sum = (sum + byte) & 0xff;
  return -sum & 0xff;
};

export function encodeRequest(request: IpmiRequest, rqSeq: number): Buffer {
  const head = [bmcAddress, request.netFn << 2];
  const rest = [consoleAddress, (rqSeq & 0x3f) << 2, request.command, ...request.data];
  return Buffer.from([...head, checksum(head), ...rest, checksum(rest)]);
}

export function parseResponse(message: Buffer): Parsed<IpmiResponse> {
  if (message.length < 8) return refused(`IPMI message of ${message.length} bytes`);
  if (checksum(message.subarray(0, 3)) !== 0) return refused('first checksum is wrong');
  if (checksum(message.subarray(3)) !== 0) return refused('second checksum is wrong');
  const netFn = (message[1] ?? 0) >> 2;
  if (netFn % 2 === 0) return refused('a request where a response was expected');
  return parsed({
    netFn,
    command: message[5] ?? 0,
    rqSeq: (message[4] ?? 0) >> 2,
    completionCode: message[6] ?? 0,
    data: message.subarray(7, -1),
  });
}

/** Whether a response answers this request. */
export const answers = (response: IpmiResponse, request: IpmiRequest, rqSeq: number): boolean =>
  response.netFn === request.netFn + 1 && response.command === request.command && response.rqSeq === (rqSeq & 0x3f);
