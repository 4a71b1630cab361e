/** Runs `work`; on SIGINT or SIGTERM it rejects at once, so that what the caller does in `finally` still cleans up. */
export async function interruptible<T>(work: () => Promise<T>): Promise<T> {
  let leave: (error: Error) => void = () => undefined;
  const interrupted = new Promise<never>((_, reject) => {
    leave = reject;
  });
  const hear = (signal: string): void => leave(new Error(`interrupted by ${signal}`));
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, hear);
  try {
    return await Promise.race([work(), interrupted]);
  } finally {
    // Deaf from now on: cleaning up takes a while, and a second signal must not end it half-way.
    interrupted.catch(() => undefined);
  }
}
