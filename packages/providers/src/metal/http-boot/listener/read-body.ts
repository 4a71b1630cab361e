import type { IncomingMessage } from 'node:http';

/** The body of a request; null: it is larger than `mostBytes`, and the rest of it was not read. Rejects when it breaks off. */
export async function readBody(request: IncomingMessage, mostBytes: number): Promise<Buffer | null> {
  if (Number(request.headers['content-length'] ?? '0') > mostBytes) return null;
  const pieces: Buffer[] = [];
  let bytes = 0;
  for await (const piece of request) {
    const octets = Buffer.from(piece as Uint8Array);
    bytes += octets.length;
    if (bytes > mostBytes) return null;
    pieces.push(octets);
  }
  return Buffer.concat(pieces);
}
