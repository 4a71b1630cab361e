import { closeSync, fstatSync, mkdirSync, openSync, renameSync, writeSync } from 'node:fs';
import path from 'node:path';

/** What a child prints, kept on disk with a bound, its last lines at hand. */
export interface LogFile {
  readonly file: string;
  write(chunk: string): void;
  /** The last lines, oldest first. */
  tail(): readonly string[];
  close(): void;
}

const keptLines = 20;

/** `name.log` of at most `maxBytes`, and the one before it as `name.log.1`. Readable by the owner only. */
export function openLogFile(directory: string, name: string, maxBytes = 10 * 1024 * 1024): LogFile {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const file = path.join(directory, `${name}.log`);
  let descriptor = openSync(file, 'a', 0o600);
  let size = fstatSync(descriptor).size;
  let open = true;
  let lines: string[] = [];
  let rest = '';
  return {
    file,
    write: (chunk) => {
      // A child that is being killed may print after the file was closed.
      if (!open) return;
      const bytes = Buffer.byteLength(chunk);
      if (size + bytes > maxBytes && size > 0) {
        closeSync(descriptor);
        renameSync(file, `${file}.1`);
        descriptor = openSync(file, 'a', 0o600);
        size = 0;
      }
      writeSync(descriptor, chunk);
      size += bytes;
      const parts = (rest + chunk).split('\n');
      rest = (parts.pop() ?? '').slice(-4096);
      lines = [...lines, ...parts.filter((line) => line !== '')].slice(-keptLines);
    },
    tail: () => (rest === '' ? lines : [...lines, rest]),
    close: () => {
      if (open) closeSync(descriptor);
      open = false;
    },
  };
}
