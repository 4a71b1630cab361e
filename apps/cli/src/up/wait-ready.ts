import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Resolves when `GET <url>/readyz` answers 200 as `instance`: whoever else is on the port may be ready for all we care.
 * Rejects when `signal` is aborted.
 */
export async function waitReady(url: string, instance: string, signal: AbortSignal): Promise<void> {
  for (;;) {
    signal.throwIfAborted();
    const answer = await fetch(`${url}/readyz`, { signal: AbortSignal.any([signal, AbortSignal.timeout(5_000)]) }).then(
      async (response) => {
        await response.arrayBuffer();
        return response.ok && response.headers.get('formwork-instance') === instance;
      },
      () => false,
    );
    if (answer) return;
    await sleep(200, undefined, { signal });
  }
}
