import type { ServerResponse } from 'node:http';

/** One listener's stream of Server-Sent Events. */
export interface SseConnection {
  /** Sent with whatever else comes within 20 ms. A listener that does not keep up is closed; it resumes by its last id. */
  send(text: string): void;
  /** The same for what was put together before, for many listeners: it goes out at once. */
  sendChunk(chunk: Buffer): void;
  /** Resolves when what was sent is mostly out: for replays, which can wait for their reader. */
  drained(): Promise<void>;
  /** Fires when the listener is gone, was too slow, or the server stops. */
  readonly closed: AbortSignal;
  end(): void;
}

const coalesceMs = 20;
const heartbeatMs = 15_000;
const maxBufferedBytes = 4 * 1024 * 1024;
const replayBufferedBytes = 256 * 1024;
/** How long a listener has to take the last bytes. */
const partingMs = 500;
/** A stream ends by itself after this long: the listener comes back and shows its token again. */
const longestMs = 3_600_000;

export function openSseConnection(
  response: ServerResponse,
  headers: Readonly<Record<string, string | number | string[] | undefined>>,
  stopping: AbortSignal,
): SseConnection {
  const closed = new AbortController();
  let pending: string[] = [];
  let pendingBytes = 0;
  let timer: NodeJS.Timeout | null = null;

  for (const [name, value] of Object.entries(headers)) if (value !== undefined) response.setHeader(name, value);
  // The end of the connection is the end of the stream: without chunks what is made for many is one buffer for each.
  response.removeHeader('transfer-encoding');
  response.writeHead(200, {
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-cache, no-transform',
    'x-accel-buffering': 'no',
    // Nothing else comes on this connection, so that its end is the stream's end.
    connection: 'close',
  });
  response.write(': welcome\n\n');

  const flush = (): void => {
    timer = null;
    if (pending.length === 0 || closed.signal.aborted) return;
    response.write(pending.join(''));
    pending = [];
    pendingBytes = 0;
  };
  const end = (): void => {
    if (closed.signal.aborted) return;
    flush();
    closed.abort();
    response.end();
    // Who does not read has no end either.
    setTimeout(() => response.destroy(), partingMs).unref();
  };
  const heartbeat = setInterval(() => response.write(': still here\n\n'), heartbeatMs);
  const age = setTimeout(end, longestMs);
  stopping.addEventListener('abort', end, { once: true });
  closed.signal.addEventListener('abort', () => {
    clearInterval(heartbeat);
    clearTimeout(age);
    if (timer !== null) clearTimeout(timer);
    stopping.removeEventListener('abort', end);
  });
  response.on('close', () => {
    closed.abort();
  });
  response.on('error', () => {
    closed.abort();
  });
  if (stopping.aborted) end();
  const isTooSlow = (): boolean => {
    if (pendingBytes + response.writableLength <= maxBufferedBytes) return false;
    closed.abort();
    response.destroy();
    return true;
  };

  return {
    send(text) {
      if (closed.signal.aborted) return;
      pending.push(text);
      pendingBytes += text.length;
      if (isTooSlow()) return;
      timer ??= setTimeout(flush, coalesceMs);
    },
    sendChunk(chunk) {
      if (closed.signal.aborted) return;
      if (timer !== null) clearTimeout(timer);
      flush();
      response.write(chunk);
      isTooSlow();
    },
    async drained() {
      if (pendingBytes + response.writableLength < replayBufferedBytes) return;
      flush();
      if (!response.writableNeedDrain) return;
      await new Promise<void>((resolve) => {
        const done = (): void => {
          response.off('drain', done);
          closed.signal.removeEventListener('abort', done);
          resolve();
        };
        response.on('drain', done);
        closed.signal.addEventListener('abort', done);
        if (closed.signal.aborted) done();
      });
    },
    closed: closed.signal,
    end,
  };
}

/** One event in the format of the HTML standard; JSON text has no line breaks. */
export const sseText = (event: string, id: string | null, data: unknown): string =>
  `${id === null ? '' : `id: ${id}\n`}event: ${event}\ndata: ${JSON.stringify(data)}\n\n`;
