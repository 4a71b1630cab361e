/** One HTTP request, bounded in time and size; redirects, retries and meaning are the caller's. */
import { request as send, type Agent, type IncomingMessage } from 'node:http';
import { bmcError, bmcFailures } from './bmc-failures.ts';
import { pinMismatch } from './http-agent.ts';
import { reasonOf } from '../../pause.ts';

export interface HttpRequest {
  readonly method: string;
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}

export interface HttpResponse {
  readonly status: number;
  /** Names in lower case; of repeated ones the first. */
  readonly headers: ReadonlyMap<string, string>;
  readonly body: string;
}

/** @throws `unavailable`, code `answer-too-large` or that of the socket; the signal's reason. Never quotes the request. */
export async function httpRequest(
  agent: Agent,
  { method, url, headers, body }: HttpRequest,
  mostBytes: number,
  signal: AbortSignal,
): Promise<HttpResponse> {
  signal.throwIfAborted();
  try {
    return await new Promise<HttpResponse>((resolve, reject) => {
      const length = body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) };
      const outgoing = send(
        {
          agent,
          method,
          host: url.hostname.replace(/^\[(.*)\]$/, '$1'),
          port: url.port === '' ? (url.protocol === 'https:' ? 443 : 80) : url.port,
          path: url.pathname + url.search,
          headers: { host: url.host, ...headers, ...length },
          signal,
        },
        (incoming) => void collect(incoming, mostBytes).then(resolve, reject),
      );
      outgoing.on('error', reject);
      outgoing.end(body);
    });
  } catch (error) {
    if (signal.aborted) throw reasonOf(signal);
    throw failureFor(error);
  }
}

async function collect(incoming: IncomingMessage, mostBytes: number): Promise<HttpResponse> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of incoming) {
    if (!Buffer.isBuffer(chunk)) continue;
    bytes += chunk.length;
    if (bytes > mostBytes) {
      incoming.destroy();
      throw bmcError(bmcFailures.of('unavailable', 'answer-too-large', `The answer has more than ${mostBytes} bytes.`));
    }
    chunks.push(chunk);
  }
  const headers = new Map<string, string>();
  for (const [name, value] of Object.entries(incoming.headers)) {
    const first = Array.isArray(value) ? value[0] : value;
    if (first !== undefined) headers.set(name, first);
  }
  return { status: incoming.statusCode ?? 0, headers, body: Buffer.concat(chunks).toString('utf8') };
}

const untrusted = /^(CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO_|ERR_TLS_CERT)/;

function failureFor(error: unknown): unknown {
  const code = error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
  if (code.startsWith('provider-')) return error;
  if (code === pinMismatch || untrusted.test(code)) {
    return bmcError(
      bmcFailures.badCredentials(
        code,
        `The BMC's certificate is not trusted (${code}); give its CA or its fingerprint.`,
      ),
    );
  }
  return bmcError(bmcFailures.unreachable(code === '' ? 'socket-error' : code));
}
