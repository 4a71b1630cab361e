/** The socket of the emulated Redfish service: HTTP or HTTPS, the faults of the wire, and the faults' own address. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { faultsSchema } from '../faults.ts';
import type { Machine } from '../machine.ts';
import { refuse, type Answer } from './redfish-answer.ts';
import type { RedfishShape } from './redfish-options.ts';
import { createRedfishService } from './redfish-service.ts';
import { createTokenTable } from './token-table.ts';

export interface RedfishServerOptions {
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  readonly machine: Machine;
  readonly shape: RedfishShape;
  readonly user: string;
  readonly password: string;
  readonly slots: number;
  /** PEM; null serves plain HTTP. */
  readonly tls: { readonly key: string; readonly cert: string } | null;
}

export interface RedfishServer {
  readonly url: string;
  sessions(): number;
  /** `METHOD path` of every request, and whether it carried credentials. */
  readonly requests: readonly { readonly line: string; readonly authorized: boolean }[];
  close(): Promise<void>;
}

const mostBody = 64 * 1024;

export async function startRedfishServer(options: RedfishServerOptions): Promise<RedfishServer> {
  const { machine } = options;
  const { faults } = machine;
  const tokens = createTokenTable(options.slots);
  machine.onColdReset(() => tokens.closeAll());
  const service = createRedfishService({ ...options, tokens });
  const requests: { line: string; authorized: boolean }[] = [];

  const answerTo = async (incoming: IncomingMessage): Promise<Answer> => {
    const url = new URL(incoming.url ?? '/', 'http://emulator');
    const { method = 'GET', headers } = incoming;
    const body = await bodyOf(incoming);
    // Whoever runs the lab changes faults here; it is no part of Redfish.
    if (url.pathname === '/emulator/faults' && method === 'POST') {
      const wanted = faultsSchema.safeParse(body);
      if (!wanted.success) return refuse(400, 'NoSuchFault');
      Object.assign(faults, wanted.data);
      return { status: 204 };
    }
    requests.push({
      line: `${method} ${url.pathname}`,
      authorized: headers['x-auth-token'] !== undefined || headers.authorization !== undefined,
    });
    const single = Object.fromEntries(
      Object.entries(headers).map(([name, value]) => [name, Array.isArray(value) ? value[0] : value]),
    );
    return await service({ method, url, headers: single, body });
  };
  const respond = async (incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> => {
    const forUs = incoming.url === '/emulator/faults';
    if ((faults.silent || machine.isAway()) && !forUs) return;
    const { status, body, headers = {} } = await answerTo(incoming);
    if (faults.slowMs > 0 && !forUs) await new Promise((resolve) => setTimeout(resolve, faults.slowMs));
    const json = body === undefined ? '' : faults.wrongAnswer ? '["not", "this"]' : JSON.stringify(body);
    const sent = faults.truncateTo > 0 ? json.slice(0, faults.truncateTo) : json;
    outgoing.writeHead(status, { 'content-type': 'application/json', ...headers }).end(sent);
  };
  const listener = (incoming: IncomingMessage, outgoing: ServerResponse): void => void respond(incoming, outgoing);
  const server: Server = options.tls === null ? createServer(listener) : createTlsServer(options.tls, listener);
  server.listen(options.port, options.host);
  await once(server, 'listening');
  const address = server.address();
  const port = address === null || typeof address === 'string' ? options.port : address.port;
  return {
    url: `${options.tls === null ? 'http' : 'https'}://${options.host}:${port}`,
    sessions: () => tokens.count(),
    requests,
    close: async () => {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

async function bodyOf(incoming: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of incoming) {
    if (!Buffer.isBuffer(chunk)) continue;
    bytes += chunk.length;
    if (bytes <= mostBody) chunks.push(chunk);
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString('utf8'));
  } catch {
    return undefined;
  }
}
