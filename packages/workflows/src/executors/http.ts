import { Buffer } from 'node:buffer';
import { setTimeout as delay } from 'node:timers/promises';
import type { HttpDeclaration } from '@formwork/core';
import type { ExecutorFunction } from './executor.ts';
import { failedBecause } from './executor.ts';

const pauseMs = 1000;
const longestRequestMs = 10_000;

/**
 * Asks until the answer has the wanted status or the declaration's time is over. Redirects are answers, not followed;
 * no body is read. Whatever goes wrong on the way (refused, reset, another status) is a reason to ask again.
 */
export const runHttp: ExecutorFunction<HttpDeclaration> = async ({ declaration, signal }) => {
  const { method, expectStatus, timeoutMs } = declaration;
  const url = URL.canParse(declaration.url) ? new URL(declaration.url) : null;
  if (url === null || !/^https?:$/.test(url.protocol)) return failedBecause('its url is not an http or https address');
  // fetch refuses a user in the address, and quotes it when it does.
  const user = `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`;
  const headers: Record<string, string> =
    user === ':' ? {} : { authorization: `Basic ${Buffer.from(user).toString('base64')}` };
  url.username = '';
  url.password = '';
  const endMs = performance.now() + timeoutMs;
  let last: string;
  for (;;) {
    signal.throwIfAborted();
    const restMs = Math.ceil(Math.max(1, Math.min(longestRequestMs, endMs - performance.now())));
    try {
      const answer = await fetch(url, {
        method,
        headers,
        redirect: 'manual',
        signal: AbortSignal.any([signal, AbortSignal.timeout(restMs)]),
      });
      await answer.body?.cancel();
      if (answer.status === expectStatus) return { kind: 'done', outputs: {}, applied: true };
      last = `status ${answer.status}`;
    } catch (error) {
      signal.throwIfAborted();
      last = reasonOf(error);
    }
    if (performance.now() + pauseMs >= endMs) {
      // A query may hold a token.
      const where = `${method} ${url.origin}${url.pathname}`;
      return { kind: 'timeout', message: `${where}: ${last}, wanted status ${expectStatus} within ${timeoutMs} ms` };
    }
    await delay(pauseMs, undefined, { signal });
  }
};

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return 'no answer';
  const { cause } = error;
  return cause instanceof Error && cause.message !== '' ? cause.message : error.message;
}
