import type { CallContext } from '../contract.ts';
import { providerError } from '../provider-error.ts';
import { metalFailureOf } from './errors.ts';

/**
 * Runs `work` until it ends, the caller's signal fires or the time is over. A statement of the database goes on when nobody
 * waits for it any more; whoever calls next finds what it did.
 * @throws `unavailable`, codes `aborted` and `timeout`.
 */
export async function withDeadline<T>(
  { signal, timeoutMs }: CallContext,
  work: (inner: CallContext) => Promise<T>,
): Promise<T> {
  const ending = new AbortController();
  const stopped = new Promise<never>((_, reject) => {
    ending.signal.addEventListener('abort', () => {
      reject(providerError(metalFailureOf(ending.signal.reason)));
    });
  });
  const abort = (): void => {
    ending.abort(new DOMException('aborted by the caller', 'AbortError'));
  };
  const timer = setTimeout(() => {
    ending.abort(new DOMException('the time is over', 'TimeoutError'));
  }, timeoutMs);
  signal.addEventListener('abort', abort, { once: true });
  try {
    if (signal.aborted) abort();
    const working = signal.aborted ? stopped : work({ signal: ending.signal, timeoutMs });
    return await Promise.race([stopped, working]);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', abort);
  }
}
