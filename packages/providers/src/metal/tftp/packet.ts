/**
 * TFTP packets (RFC 1350 section 5, RFC 2347), all numbers big endian; text is octets, each ended by a NUL:
 * ```
 * RRQ/WRQ  01|02  name 0 mode 0 [option 0 value 0 ...]
 * DATA     03     block(2)  0..blksize octets
 * ACK      04     block(2)
 * ERROR    05     code(2)   message 0
 * OACK     06     [option 0 value 0 ...]
 * ```
 * Parsing never throws and reads no further than the datagram; what it cannot read it names.
 */

/** As it came, in the order it came: `[name, value]`, names in the sender's spelling. */
export type Options = readonly (readonly [name: string, value: string])[];

export interface Request {
  readonly kind: 'request';
  readonly operation: 'read' | 'write';
  /** Octets as latin-1: an odd name keeps its 0xFF. */
  readonly name: string;
  /** In lower case. */
  readonly mode: string;
  readonly options: Options;
}

export type Packet =
  | Request
  | { readonly kind: 'data'; readonly block: number; readonly data: Uint8Array }
  | { readonly kind: 'ack'; readonly block: number }
  | { readonly kind: 'error'; readonly code: number; readonly message: string }
  | { readonly kind: 'oack'; readonly options: Options };

export type Malformed =
  | 'too-short'
  | 'unknown-opcode'
  | 'too-long'
  | 'no-name'
  | 'no-mode'
  | 'text-not-ended'
  | 'option-without-name'
  | 'option-without-value'
  | 'too-many-options';

export type ParsedPacket = Packet | { readonly kind: 'malformed'; readonly reason: Malformed };

/** RFC 1350 section 5 and RFC 2347. */
export const errorCode = {
  undefined: 0,
  notFound: 1,
  accessViolation: 2,
  illegalOperation: 4,
  unknownTransfer: 5,
  optionNegotiation: 8,
} as const;

/** RFC 2347 says 512; firmware with long paths goes beyond it. */
const longestRequest = 1024;
const mostOptions = 16;
const longestMessage = 256;
const opcodes = { read: 1, write: 2, data: 3, ack: 4, error: 5, oack: 6 } as const;

export function parsePacket(datagram: Uint8Array): ParsedPacket {
  if (datagram.length < 2) return malformed('too-short');
  switch (uint16(datagram, 0)) {
    case opcodes.read:
      return parseRequest('read', datagram);
    case opcodes.write:
      return parseRequest('write', datagram);
    case opcodes.data:
      if (datagram.length < 4) return malformed('too-short');
      return { kind: 'data', block: uint16(datagram, 2), data: datagram.subarray(4) };
    case opcodes.ack:
      return datagram.length < 4 ? malformed('too-short') : { kind: 'ack', block: uint16(datagram, 2) };
    case opcodes.error:
      return datagram.length < 4 ? malformed('too-short') : parseError(datagram);
    case opcodes.oack: {
      if (datagram.length > longestRequest) return malformed('too-long');
      const options = parseOptions(texts(datagram, 2));
      return 'reason' in options ? options : { kind: 'oack', options: options.list };
    }
    default:
      return malformed('unknown-opcode');
  }
}

export const encodeAck = (block: number): Buffer => Buffer.of(0, opcodes.ack, (block >>> 8) & 0xff, block & 0xff);

export const encodeError = (code: number, message: string): Buffer =>
  Buffer.concat([Buffer.of(0, opcodes.error, (code >>> 8) & 0xff, code & 0xff), Buffer.from(`${message}\0`, 'latin1')]);

export const encodeOack = (options: Options): Buffer =>
  Buffer.concat([Buffer.of(0, opcodes.oack), encodeTexts(options.flat())]);

export const encodeRequest = (request: Omit<Request, 'kind'>): Buffer =>
  Buffer.concat([
    Buffer.of(0, opcodes[request.operation]),
    encodeTexts([request.name, request.mode, ...request.options.flat()]),
  ]);

/** Length of what stands before the data of a DATA packet. */
export const dataHeaderLength = 4;

/** Writes the header of a DATA packet; the block number rolls over from 65535 to 0. */
export function writeDataHeader(into: Buffer, offset: number, block: number): void {
  into.writeUInt16BE(opcodes.data, offset);
  into.writeUInt16BE(block & 0xffff, offset + 2);
}

function parseRequest(operation: 'read' | 'write', datagram: Uint8Array): ParsedPacket {
  if (datagram.length > longestRequest) return malformed('too-long');
  const found = texts(datagram, 2);
  const [name, mode] = found.list;
  if (name === undefined) return malformed(found.ended ? 'no-name' : 'text-not-ended');
  if (mode === undefined) return malformed(found.ended ? 'no-mode' : 'text-not-ended');
  if (name === '') return malformed('no-name');
  if (mode === '') return malformed('no-mode');
  const options = parseOptions({ list: found.list.slice(2), ended: found.ended });
  if ('reason' in options) return options;
  return { kind: 'request', operation, name, mode: mode.toLowerCase(), options: options.list };
}

function parseOptions({ list, ended }: Texts): { readonly list: Options } | ReturnType<typeof malformed> {
  if (!ended) return malformed('text-not-ended');
  // Old ROMs send a whole buffer: NULs after the last option say nothing.
  let count = list.length;
  while (count > 0 && list[count - 1] === '' && (count % 2 === 1 || list[count - 2] === '')) count -= 1;
  if (count % 2 === 1) return malformed('option-without-value');
  if (count > mostOptions * 2) return malformed('too-many-options');
  const options: (readonly [string, string])[] = [];
  for (let index = 0; index < count; index += 2) {
    const name = list[index] ?? '';
    if (name === '') return malformed('option-without-name');
    options.push([name, list[index + 1] ?? '']);
  }
  return { list: options };
}

function parseError(datagram: Uint8Array): Packet {
  const end = datagram.indexOf(0, 4);
  const octets = datagram.subarray(4, Math.min(end === -1 ? datagram.length : end, 4 + longestMessage));
  return { kind: 'error', code: uint16(datagram, 2), message: Buffer.from(octets).toString('latin1') };
}

interface Texts {
  readonly list: readonly string[];
  /** False when octets follow the last NUL. */
  readonly ended: boolean;
}

function texts(datagram: Uint8Array, from: number): Texts {
  const list: string[] = [];
  let start = from;
  for (let end = datagram.indexOf(0, start); end !== -1; end = datagram.indexOf(0, start)) {
    list.push(Buffer.from(datagram.subarray(start, end)).toString('latin1'));
    start = end + 1;
  }
  return { list, ended: start === datagram.length };
}

const encodeTexts = (list: readonly string[]): Buffer =>
  Buffer.from(list.map((text) => `${text}\0`).join(''), 'latin1');

const uint16 = (octets: Uint8Array, offset: number): number => ((octets[offset] ?? 0) << 8) | (octets[offset + 1] ?? 0);

const malformed = (reason: Malformed) => ({ kind: 'malformed', reason }) as const;
