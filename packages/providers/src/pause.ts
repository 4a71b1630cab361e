/** What an aborted signal was aborted with, as an error. */
export function reasonOf(signal: AbortSignal): Error {
  return signal.reason instanceof Error ? signal.reason : new DOMException('The call was aborted.', 'AbortError');
}

/** Waits `ms`; ends early, with the signal's reason, when it fires. */
export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) throw reasonOf(signal);
  await new Promise<void>((resolve, reject) => {
    const stop = (): void => {
      clearTimeout(timer);
      reject(reasonOf(signal));
    };
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', stop);
      resolve();
    }, ms);
    signal.addEventListener('abort', stop, { once: true });
  });
}
