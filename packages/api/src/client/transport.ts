import { setTimeout as sleep } from 'node:timers/promises';
import { failureOf, unreachable } from './failure.ts';
import type { BuiltRequest } from './request.ts';

export interface TransportOptions {
  readonly baseUrl: string;
  readonly token: string | null;
  readonly fetch: typeof globalThis.fetch;
}

const retryDelaysMs = [200, 600];

/**
 * Sends one request and gives its response, when that is a success. GET is tried again when no connection came
 * about; an answer, whichever, is never asked for twice.
 * Errors: `server-unreachable`, the code of the problem, or what `signal` was aborted with.
 */
export async function send(
  request: BuiltRequest,
  accept: string,
  signal: AbortSignal,
  options: TransportOptions,
): Promise<Response> {
  const headers = {
    accept,
    ...request.headers,
    ...(options.token === null ? {} : { authorization: `Bearer ${options.token}` }),
  };
  for (let failures = 0; ; failures += 1) {
    try {
      const response = await options.fetch(request.url, {
        method: request.method,
        headers,
        signal,
        ...(request.body === undefined ? {} : { body: bodyOf(request.body) }),
      });
      if (response.ok) return response;
      throw failureOf(response.status, await response.text());
    } catch (error) {
      // fetch throws a TypeError exactly when there was no answer.
      if (signal.aborted || !(error instanceof TypeError)) throw error;
      const delayMs = request.method === 'GET' ? retryDelaysMs[failures] : undefined;
      if (delayMs === undefined) throw unreachable(options.baseUrl, error);
      await sleep(delayMs, undefined, { signal });
    }
  }
}

/** Bytes in a buffer of their own, as fetch's types ask for. */
const bodyOf = (body: string | Uint8Array) => (typeof body === 'string' ? body : new Uint8Array(body));
