import { setTimeout as delay } from 'node:timers/promises';
import { appendLog, type Database, type Log, type LogChunkRow, maxChunkBytes } from '@formwork/db';
import type { LogChunk } from '../runner/script-launch.ts';

/** How long text waits for more of it before it is stored, milliseconds. */
const gatherMs = 100;

/** Stores an attempt's log as it comes, in few statements. While the database is away the text is kept. */
export interface LogWriter {
  write(chunk: LogChunk): void;
  /** Waits until all that was written is stored. */
  flush(): Promise<void>;
}

/** `signal` ends the waiting for a database that is away: whoever goes on with the attempt asks the node again. */
export function openLogWriter(
  deps: { readonly db: Database; readonly log: Log },
  attemptId: string,
  signal: AbortSignal,
): LogWriter {
  let gathered: LogChunkRow[] = [];
  let timer: NodeJS.Timeout | null = null;
  let storing: Promise<void> = Promise.resolve();

  const store = (): void => {
    timer = null;
    const chunks = gathered;
    gathered = [];
    if (chunks.length === 0) return;
    storing = storing.then(() => keep(chunks));
  };
  const keep = async (chunks: readonly LogChunkRow[]): Promise<void> => {
    for (let pauseMs = 100; ; pauseMs = Math.min(pauseMs * 2, 2_000)) {
      try {
        await appendLog(deps.db, chunks);
        return;
      } catch (error) {
        deps.log.warn({ attemptId, error: String(error) }, 'log text was not stored');
        if (signal.aborted || isRefusal(error)) return;
        await delay(pauseMs, undefined, { signal }).catch(() => undefined);
      }
    }
  };
  return {
    write({ offset, nextOffset, text }) {
      const last = gathered.at(-1);
      if (last !== undefined && last.end === offset && last.text.length + text.length < maxChunkBytes / 2) {
        gathered[gathered.length - 1] = { ...last, end: nextOffset, text: last.text + text };
      } else gathered.push({ attemptId, offset, end: nextOffset, text });
      timer ??= setTimeout(store, gatherMs);
    },
    async flush() {
      if (timer !== null) clearTimeout(timer);
      store();
      await storing;
    },
  };
}

/** The database was there and does not want it: SQLSTATE classes 22 and 23, wrong data. */
const isRefusal = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' && /^2[23]/.test(error.code);
