import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { type BootDecision, renderBootScript, renderFirstScript } from '../boot-script.ts';
import type { FileResponder } from '../file-responder.ts';
import type { BootListenerConfiguration } from './configuration.ts';
import { agentHeaders, type Decided, type ForwardedRequest } from './messages.ts';
import { createPeerLimits } from './peer-limits.ts';
import type { Parent } from './parent.ts';
import { readBody } from './read-body.ts';

interface Deps {
  readonly configuration: BootListenerConfiguration;
  readonly files: FileResponder;
  /** Null: there are none. */
  readonly images: FileResponder | null;
  readonly parent: Pick<Parent, 'decide'>;
  readonly nowMs: () => number;
}

export interface BootListener {
  readonly addresses: readonly { readonly address: string; readonly port: number }[];
  close(): Promise<void>;
}

const longestTarget = 4096;
const headerBytes = 16 * 1024;
const plain = { 'Content-Type': 'text/plain; charset=utf-8', 'Cache-Control': 'no-store' };
/** A machine that runs a script has nothing else to go on with: it is told to ask again, whatever is wrong here. */
const askAgain: BootDecision = { kind: 'wait', reason: 'the server is busy, asking again', seconds: 5 };

/** Binds all addresses. Rejects when one cannot be had. */
export async function openBootListener(deps: Deps): Promise<BootListener> {
  const { limits, addresses, port } = deps.configuration;
  const peers = createPeerLimits(limits);
  const servers: Server[] = [];
  let baseUrl = deps.configuration.baseUrl ?? '';

  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const target = request.url ?? '';
    const address = addressOf(request.socket);
    const [path = ''] = target.split('?', 1);
    const allowed = peers.withinRate(address, deps.nowMs());
    if (!target.startsWith('/') || target.length > longestTarget) refuse(response, 400, 'bad-request');
    else if (path === '/boot.ipxe') {
      if (isRead(request)) script(request, response, renderFirstScript({ baseUrl }));
      else refuse(response, 405, 'not-allowed');
    } else if (path === '/ipxe') {
      const wait = (): void => script(request, response, renderBootScript(askAgain, { baseUrl }));
      if (!isRead(request)) refuse(response, 405, 'not-allowed');
      else if (allowed) await hand(request, response, address, Buffer.alloc(0), wait);
      else wait();
    } else if (!allowed) refuse(response, 429, 'too-many-requests');
    else if (path.startsWith('/files/')) await deps.files(request, response, path.slice('/files/'.length));
    else if (path.startsWith('/agent/v1/')) {
      const body = await readBody(request, limits.bodyBytes);
      if (body === null) refuse(response, 413, 'too-large');
      else await hand(request, response, address, body, () => refuse(response, 503, 'busy'));
    } else refuse(response, 404, 'not-found');
  };

  /** Asks the parent; `otherwise` answers when it has no word for us. */
  const hand = async (
    request: IncomingMessage,
    response: ServerResponse,
    address: string,
    body: Buffer,
    otherwise: () => void,
  ): Promise<void> => {
    if (!peers.beginDecision(address)) {
      otherwise();
      return;
    }
    const decided = await deps.parent
      .decide({ method: request.method ?? '', target: request.url ?? '', address, headers: headersOf(request), body })
      .finally(() => peers.endDecision(address));
    if (response.destroyed) return;
    if (decided === null) otherwise();
    else await give(request, response, decided);
  };

  const give = async (request: IncomingMessage, response: ServerResponse, decided: Decided): Promise<void> => {
    if (decided.kind === 'image') {
      if (deps.images === null) refuse(response, 404, 'not-found');
      else await deps.images(request, response, decided.path);
      return;
    }
    const { status, headers, body } = decided.answer;
    response.setTimeout(limits.stalledMs, () => response.destroy());
    const length = status === 204 || status === 304 ? {} : { 'Content-Length': body.length };
    response.writeHead(status, { 'Cache-Control': 'no-store', ...headers, ...length });
    response.end(request.method === 'HEAD' ? undefined : body);
  };

  const open = async (host: string): Promise<Server> => {
    const server = createServer(
      {
        maxHeaderSize: headerBytes,
        headersTimeout: limits.headersMs,
        requestTimeout: limits.requestMs,
        connectionsCheckingInterval: Math.min(1000, limits.headersMs),
        keepAliveTimeout: 5_000,
      },
      (request, response) => {
        answer(request, response).catch(() => response.destroy());
      },
    );
    server.on('connection', (socket) => admit(socket, peers));
    // What is no HTTP gets no answer: it may be anything.
    server.on('clientError', (_error, socket) => socket.destroy());
    server.listen(port, host);
    await once(server, 'listening');
    servers.push(server);
    return server;
  };
  const close = async (): Promise<void> => {
    await Promise.all(servers.map((server) => closed(server)));
  };

  try {
    for (const address of addresses) await open(address);
  } catch (error) {
    await close();
    throw error;
  }
  const bound = servers.map((server) => boundTo(server));
  const [first] = bound;
  if (baseUrl === '' && first !== undefined) {
    baseUrl = `http://${first.address.includes(':') ? `[${first.address}]` : first.address}:${first.port}`;
  }
  return { addresses: bound, close };
}

/** Within the limits, or gone at once. */
function admit(socket: Socket, peers: ReturnType<typeof createPeerLimits>): void {
  const address = addressOf(socket);
  if (!peers.connect(address)) {
    socket.destroy();
    return;
  }
  socket.once('close', () => peers.disconnect(address));
}

const isRead = ({ method }: IncomingMessage): boolean => method === 'GET' || method === 'HEAD';

/** IPv4 as such, also where the socket is an IPv6 one. */
const addressOf = (socket: Socket): string => (socket.remoteAddress ?? '').replace(/^::ffff:/, '');

function headersOf({ headers }: IncomingMessage): ForwardedRequest['headers'] {
  const known: ForwardedRequest['headers'] = {};
  for (const name of agentHeaders) {
    const value = headers[name];
    if (typeof value === 'string') known[name] = value;
  }
  return known;
}

function script({ method }: IncomingMessage, response: ServerResponse, text: string): void {
  response.writeHead(200, { ...plain, 'Content-Length': Buffer.byteLength(text) });
  response.end(method === 'HEAD' ? undefined : text);
}

/** As the agent protocol says its errors. A body that was not read ends the connection. */
function refuse(response: ServerResponse, status: number, code: string): void {
  const body = JSON.stringify({ error: { code, message: messages[code] ?? code } });
  response.writeHead(status, {
    'Content-Type': 'application/json',
    'Content-Length': Buffer.byteLength(body),
    ...(status === 429 || status === 503 ? { 'Retry-After': '5' } : {}),
    ...(status === 413 || status === 429 ? { Connection: 'close' } : {}),
  });
  response.end(body);
}

const messages: Readonly<Record<string, string>> = {
  'bad-request': 'the request target is not one of ours',
  'not-allowed': 'only GET and HEAD work here',
  'not-found': 'there is nothing here',
  'too-large': 'the body is larger than this route takes',
  'too-many-requests': 'this address asks too often; wait before the next request',
  busy: 'no decision could be had in time; ask again',
};

function boundTo(server: Server): AddressInfo {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('a listening socket has no address');
  return address;
}

async function closed(server: Server): Promise<void> {
  const over = once(server, 'close');
  server.close();
  server.closeAllConnections();
  await over;
}
