import type { Log } from '@formwork/db';

/**
 * Error events of the queue library: one outage makes hundreds of equal ones (each connection, each retry), so a code
 * is logged once in `quietMs` with the number that was left out. An emitter without a listener would end the process.
 */
export function errorLog(log: Log, backend: string, quietMs = 10_000): (error: unknown, queue?: string) => void {
  const seen = new Map<string, { loggedAtMs: number; suppressed: number }>();
  return (error, queue) => {
    const code = codeOf(error);
    const entry = seen.get(code);
    const nowMs = performance.now();
    if (entry !== undefined && nowMs - entry.loggedAtMs < quietMs) {
      entry.suppressed += 1;
      return;
    }
    seen.set(code, { loggedAtMs: nowMs, suppressed: 0 });
    const message = error instanceof Error ? error.message : String(error);
    log.warn(
      { backend, queue, code, error: message, suppressed: entry?.suppressed ?? 0 },
      'queue connection or job error',
    );
  };
}

function codeOf(error: unknown): string {
  if (typeof error === 'object' && error !== null && 'code' in error && typeof error.code === 'string')
    return error.code;
  return error instanceof Error ? error.name : 'unknown';
}
