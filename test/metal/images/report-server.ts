import { createHash, type KeyObject, verify } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import { type InstallReport, installReportSchema } from '../../../packages/providers/src/index.ts';

export interface Report {
  readonly session: string;
  readonly counter: number;
  readonly body: InstallReport;
}

export interface ReportServer {
  readonly port: number;
  /** Reports whose signature was right. */
  readonly reports: readonly Report[];
  close(): Promise<void>;
}

/** Takes reports of installed machines on the loopback, at first with 503: a server may be busy. */
export async function startReportServer(keys: ReadonlyMap<string, KeyObject>): Promise<ReportServer> {
  const reports: Report[] = [];
  const refused = new Set<string>();
  const server = createServer((request, response) => {
    void bodyOf(request).then((body) => {
      const session = String(request.headers['formwork-session']);
      const counter = String(request.headers['formwork-counter']);
      const signature = Buffer.from(String(request.headers['formwork-signature']), 'base64');
      const key = keys.get(session);
      const digest = createHash('sha256').update(body).digest('hex');
      const message = Buffer.from(`POST\n/agent/v1/installed\n${counter}\n${digest}\n`);
      if (request.url !== '/agent/v1/installed' || key === undefined || !verify(null, message, key, signature)) {
        response.writeHead(401).end();
      } else if (refused.has(session)) {
        reports.push({
          session,
          counter: Number(counter),
          body: installReportSchema.parse(JSON.parse(body.toString('utf8'))),
        });
        response.writeHead(204).end();
      } else {
        refused.add(session);
        response.writeHead(503).end();
      }
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the port is not known');
  return {
    port: address.port,
    reports,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(Buffer.from(chunk as Uint8Array));
  return Buffer.concat(chunks);
}
