import { appendLog, type Database, type Log, type LogChunkRow, maxChunkBytes } from '@formwork/db';
import type { LogChunk } from '../runner/script-launch.ts';

/** How long text waits for more of it before it is stored, milliseconds. */
const gatherMs = 100;

/** Stores an attempt's log as it comes, in few statements. What the database does not take is lost, and said so. */
export interface LogWriter {
  write(chunk: LogChunk): void;
  /** Waits until all that was written is stored. */
  flush(): Promise<void>;
}

export function openLogWriter(deps: { readonly db: Database; readonly log: Log }, attemptId: string): LogWriter {
  let gathered: LogChunkRow[] = [];
  let timer: NodeJS.Timeout | null = null;
  let storing: Promise<void> = Promise.resolve();

  const store = (): void => {
    timer = null;
    const chunks = gathered;
    gathered = [];
    if (chunks.length === 0) return;
    storing = storing
      .then(() => appendLog(deps.db, chunks))
      .catch((error: unknown) => {
        deps.log.warn({ attemptId, error: String(error) }, 'log text was not stored');
      });
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
