/**
 * A small HTTP proxy for the nodes' apt, on the host's address of the bridge. It keeps packages (`/pool/**.deb`, which
 * never change) and passes everything else through. It serves the site's subnet only, and fetches only from the mirrors
 * that the site's images are built from. Nodes ask before each download whether it answers, and go without it if not.
 */
import { createReadStream, createWriteStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import {
  createServer,
  request as httpRequest,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import { pipeline } from 'node:stream/promises';
import { gatewayOf, inSubnet } from './addresses.ts';
import { mirrorHosts, type AptSources } from './apt-sources.ts';
import { packageStore } from './package-store.ts';
import type { Site } from './site.ts';

export interface PackageCache {
  /** Listens, if it does not yet and can; another worker of this host may be serving already. */
  open(): Promise<void>;
  close(): Promise<void>;
}

const idleMs = 30_000;
const passedHeaders = ['accept', 'cache-control', 'if-modified-since', 'if-range', 'range', 'user-agent'] as const;

export function openPackageCache(site: Site, sources: AptSources): PackageCache {
  const { enabled, port, maxGib } = site.configuration.packageCache;
  const store = packageStore(site.directories.packages, maxGib * 2 ** 30);
  let server: Server | null = null;
  let opening: Promise<void> | null = null;

  const allowedHosts = async (): Promise<ReadonlySet<string>> => {
    const signal = AbortSignal.timeout(10_000);
    const suites = Object.values(site.configuration.images).map(({ suite }) => suite);
    const lines = await Promise.all(suites.map((suite) => sources.of(suite, signal)));
    return mirrorHosts(lines.flat());
  };

  const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const url = URL.canParse(request.url ?? '') ? new URL(request.url ?? '') : null;
    const refusal = refusalOf(request, url);
    if (refusal !== null || url === null || !(await allowedHosts()).has(url.host)) {
      refuse(response, refusal ?? 403);
      return;
    }
    const kept = request.method === 'GET' && url.search === '' && /\/pool\/.+\.deb$/.test(url.pathname);
    if (kept) await serveKept(url, response);
    else await pass(url, request, response);
  };

  /** The status to answer with instead of a fetch: 204 says that the cache is here. */
  const refusalOf = (request: IncomingMessage, url: URL | null): number | null => {
    if (!inSubnet(site.subnet, request.socket.remoteAddress ?? '')) return 403;
    if (request.method !== 'GET' && request.method !== 'HEAD') return 405;
    if (request.url === '/formwork-package-cache') return 204;
    return url?.protocol === 'http:' ? null : 400;
  };

  const serveKept = async (url: URL, response: ServerResponse): Promise<void> => {
    const path = await store.file(url.href, (into) => fetchInto(url, into));
    response.writeHead(200, {
      'content-type': 'application/vnd.debian.binary-package',
      'content-length': (await stat(path)).size,
    });
    await pipeline(createReadStream(path), response);
  };

  const listen = async (): Promise<void> => {
    const fresh = createServer((request, response) => {
      serve(request, response).catch((error: unknown) => {
        site.log('package cache: request failed', { error: error instanceof Error ? error.message : 'unknown' });
        if (response.headersSent) response.destroy();
        else refuse(response, 502);
      });
    });
    // Not bound while there is no bridge, or while another worker of this site serves: the next call tries again.
    const listening = await new Promise<boolean>((resolve) => {
      fresh.once('error', () => resolve(false));
      fresh.listen(port, gatewayOf(site.subnet), () => resolve(true));
    });
    if (listening) {
      fresh.unref();
      server = fresh;
    }
  };

  return {
    async open() {
      if (!enabled || server !== null) return;
      opening ??= listen().finally(() => {
        opening = null;
      });
      await opening;
    },
    async close() {
      await opening;
      const open = server;
      server = null;
      if (open === null) return;
      open.closeAllConnections();
      await new Promise<void>((resolve) => open.close(() => resolve()));
    },
  };
}

function refuse(response: ServerResponse, status: number): void {
  response.writeHead(status, { 'content-length': 0 }).end();
}

async function answerOf(url: URL, method: string, headers: Record<string, string>): Promise<IncomingMessage> {
  return await new Promise<IncomingMessage>((resolve, reject) => {
    const upstream = httpRequest(url, { method, headers }, resolve);
    upstream.setTimeout(idleMs, () => upstream.destroy(new Error(`${url.host} sent nothing for ${idleMs} ms`)));
    upstream.on('error', reject);
    upstream.end();
  });
}

async function fetchInto(url: URL, into: string): Promise<void> {
  const answer = await answerOf(url, 'GET', {});
  if (answer.statusCode !== 200) {
    answer.resume();
    throw new Error(`${url.host} answered ${answer.statusCode ?? 'nothing'} for ${url.pathname}`);
  }
  await pipeline(answer, createWriteStream(into, { mode: 0o644 }));
  const expected = answer.headers['content-length'];
  if (expected !== undefined && (await stat(into)).size !== Number(expected)) {
    throw new Error(`${url.host} sent a part of ${url.pathname} only`);
  }
}

async function pass(url: URL, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const headers = Object.fromEntries(
    passedHeaders.flatMap((name) => {
      const value = request.headers[name];
      return typeof value === 'string' ? [[name, value]] : [];
    }),
  );
  const answer = await answerOf(url, request.method ?? 'GET', headers);
  // Headers of the connection to the mirror are not those of the connection to the node.
  const own = ['connection', 'keep-alive', 'transfer-encoding', 'proxy-connection'];
  const kept = Object.fromEntries(Object.entries(answer.headers).filter(([name]) => !own.includes(name)));
  response.writeHead(answer.statusCode ?? 502, kept);
  await pipeline(answer, response);
}
