import { type ClientRequest, get } from 'node:http';

/** What one listener of the event stream has heard so far. */
export interface Heard {
  /** Event ids in the order they came. */
  readonly ids: readonly number[];
  /** From an event's `at` until it was here, milliseconds; live ones only. */
  readonly delaysMs: readonly number[];
  /** How often it came back with its last id. */
  readonly resumed: number;
}

export interface EventListener {
  readonly heard: Heard;
  /** Ends the connection without a word, as a network would; it comes back by itself. */
  cut(): void;
  close(): void;
}

const idMark = 'id: ';
const atMark = '"at":"';
const atLength = 24;

/** Listens over HTTP and, whenever its connection ends, goes on after the last event it got. */
export function openEventListener(options: {
  readonly port: number;
  readonly token: string;
  /** Of `/api/v1/events`. */
  readonly query: string;
  /** Null begins with what happens from now on. */
  readonly after: number | null;
  readonly onOpen: () => void;
  /** When an event happened, by its id: read once for all listeners of the process, milliseconds since 1970. */
  readonly happened: Map<number, number>;
}): EventListener {
  const ids: number[] = [];
  const delaysMs: number[] = [];
  let resumed = 0;
  let closed = false;
  let request: ClientRequest | null = null;
  let opened = false;

  const connect = (): void => {
    const last = ids.at(-1) ?? options.after;
    request = get({
      port: options.port,
      host: '127.0.0.1',
      path: `/api/v1/events${options.query}`,
      agent: false,
      headers: {
        accept: 'text/event-stream',
        authorization: `Bearer ${options.token}`,
        ...(last === null ? {} : { 'last-event-id': String(last) }),
      },
    });
    request.on('error', () => undefined);
    request.on('close', () => {
      if (closed) return;
      resumed += 1;
      setTimeout(connect, 50);
    });
    request.on('response', (response) => {
      let rest = '';
      response.setEncoding('latin1');
      response.on('error', () => undefined);
      response.on('data', (chunk: string) => {
        if (!opened) options.onOpen();
        opened = true;
        const nowMs = performance.timeOrigin + performance.now();
        const text = rest + chunk;
        let start = 0;
        for (let end = text.indexOf('\n\n'); end !== -1; end = text.indexOf('\n\n', start)) {
          if (text.startsWith(idMark, start)) {
            const id = Number(text.slice(start + idMark.length, text.indexOf('\n', start)));
            ids.push(id);
            let atMs = options.happened.get(id);
            if (atMs === undefined) {
              const at = text.indexOf(atMark, start) + atMark.length;
              atMs = Date.parse(text.slice(at, at + atLength));
              options.happened.set(id, atMs);
            }
            delaysMs.push(nowMs - atMs);
          }
          start = end + 2;
        }
        rest = text.slice(start);
      });
    });
  };
  connect();
  return {
    get heard() {
      return { ids, delaysMs, resumed };
    },
    cut: () => request?.destroy(),
    close() {
      closed = true;
      request?.destroy();
    },
  };
}
