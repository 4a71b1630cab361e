import { once } from 'node:events';
import { connect } from 'node:net';

export interface Answer {
  readonly status: number;
  /** Of the body. */
  readonly bytes: number;
}

/** One kept-alive HTTP/1.1 connection, one request at a time; bodies are counted, not kept. */
export interface HttpConnection {
  get(path: string, token: string | null): Promise<Answer>;
  close(): void;
}

const endOfHead = Buffer.from('\r\n\r\n');

/** Takes less of the machine than a whole HTTP client, which would be measured with the server. */
export async function openHttpConnection(port: number): Promise<HttpConnection> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  await once(socket, 'connect');
  let waiting: { readonly resolve: (answer: Answer) => void; readonly reject: (error: Error) => void } | null = null;
  let head: Buffer = Buffer.alloc(0);
  let status = 0;
  let length = -1;
  let received = 0;

  const fail = (error: Error): void => {
    const asked = waiting;
    waiting = null;
    asked?.reject(error);
  };
  socket.on('error', fail);
  socket.on('close', () => {
    fail(new Error('the server closed the connection'));
  });
  socket.on('data', (chunk: Buffer) => {
    if (length === -1) {
      head = head.length === 0 ? chunk : Buffer.concat([head, chunk]);
      const end = head.indexOf(endOfHead);
      if (end === -1) return;
      const text = head.toString('latin1', 0, end);
      status = Number(text.slice(9, 12));
      length = Number(/\r\ncontent-length: (\d+)/i.exec(text)?.[1] ?? 0);
      received = head.length - end - endOfHead.length;
    } else {
      received += chunk.length;
    }
    if (received < length) return;
    const answer = { status, bytes: length };
    const asked = waiting;
    waiting = null;
    head = Buffer.alloc(0);
    length = -1;
    asked?.resolve(answer);
  });
  return {
    get: (path, token) =>
      new Promise((resolve, reject) => {
        if (waiting !== null) throw new Error('this connection has a request under way');
        waiting = { resolve, reject };
        const authorization = token === null ? '' : `authorization: Bearer ${token}\r\n`;
        socket.write(`GET ${path} HTTP/1.1\r\nhost: 127.0.0.1:${String(port)}\r\n${authorization}\r\n`);
      }),
    close: () => socket.destroy(),
  };
}
