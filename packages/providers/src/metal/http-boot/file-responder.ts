import { createHash } from 'node:crypto';
import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { readName } from '../tftp/file-name.ts';
import type { OpenFile, Source } from '../tftp/source.ts';
import { readByteRange } from './byte-range.ts';
import type { DigestOf } from './file-digests.ts';

interface Deps {
  readonly source: Source;
  readonly digestOf: DigestOf;
  /** Longest silence of a client that is being sent something. */
  readonly stalledAfterMs: number;
}

/** Answers a request for a file; `path` is what follows the mount point, still percent-encoded, without a query. */
export type FileResponder = (request: IncomingMessage, response: ServerResponse, path: string) => Promise<void>;

const pieceBytes = 256 * 1024;

/**
 * Files for firmware, iPXE and installers: GET and HEAD (UEFI HTTP boot asks HEAD first), one range, `ETag` and digest. No
 * listing, nothing but regular files below the root. Whatever is refused is answered 404: it tells no more than that.
 */
export function createFileResponder({ source, digestOf, stalledAfterMs }: Deps): FileResponder {
  return async (request, response, path) => {
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      response.writeHead(405, { Allow: 'GET, HEAD' }).end();
      return;
    }
    const read = decodeName(path);
    const peer = { address: request.socket.remoteAddress ?? '', port: request.socket.remotePort ?? 0 };
    const opened = read === null ? null : await source.open(read, peer);
    if (read === null || opened?.kind !== 'opened') {
      response.writeHead(404).end();
      return;
    }
    const { file } = opened;
    try {
      response.setTimeout(stalledAfterMs, () => response.destroy());
      await answer(request, response, file, await digestOf(file));
    } finally {
      await file.close();
    }
  };
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  file: OpenFile,
  digest: string | null,
): Promise<void> {
  const { sizeBytes, identity } = file;
  const tag =
    file.identity === null
      ? null
      : `"${createHash('sha256')
          .update(identity ?? '')
          .digest('base64url')
          .slice(0, 27)}"`;
  response.setHeader('Accept-Ranges', 'bytes');
  response.setHeader('Content-Type', 'application/octet-stream');
  response.setHeader('X-Content-Type-Options', 'nosniff');
  if (tag !== null) response.setHeader('ETag', tag);
  if (digest !== null) response.setHeader('Repr-Digest', `sha-256=:${Buffer.from(digest, 'hex').toString('base64')}:`);
  const known = request.headers['if-none-match']?.split(',').map((text) => text.trim().replace(/^W\//, ''));
  if (tag !== null && (known?.includes(tag) === true || known?.includes('*') === true)) {
    response.writeHead(304).end();
    return;
  }
  // A part of another file than the one that was begun would ruin both (RFC 9110 section 13.1.5).
  const condition = request.headers['if-range'];
  const wanted = condition === undefined || condition === tag ? request.headers.range : undefined;
  const range = readByteRange(wanted, sizeBytes);
  if (range.kind === 'unsatisfiable') {
    response.writeHead(416, { 'Content-Range': `bytes */${sizeBytes}` }).end();
    return;
  }
  const [first, last] = range.kind === 'part' ? [range.first, range.last] : [0, sizeBytes - 1];
  response.writeHead(range.kind === 'part' ? 206 : 200, {
    'Content-Length': last - first + 1,
    ...(range.kind === 'part' ? { 'Content-Range': `bytes ${first}-${last}/${sizeBytes}` } : {}),
  });
  if (request.method === 'GET') await send(response, file, first, last);
  response.end();
}

/** Piece after piece, as fast as the client takes them; what cannot be read ends the connection, never as if it were whole. */
async function send(response: ServerResponse, file: OpenFile, first: number, last: number): Promise<void> {
  const gone = new AbortController();
  response.once('close', () => gone.abort());
  try {
    for (let at = first; at <= last && !response.destroyed; at += pieceBytes) {
      const piece = await file.read(at, Math.min(pieceBytes, last - at + 1));
      if (!response.write(piece)) await once(response, 'drain', { signal: gone.signal });
    }
  } catch {
    response.destroy();
  }
}

function decodeName(path: string) {
  try {
    const decoded = Buffer.from(decodeURIComponent(path), 'utf8').toString('latin1');
    const read = readName(decoded);
    return read.ok ? read.name : null;
  } catch {
    return null;
  }
}
