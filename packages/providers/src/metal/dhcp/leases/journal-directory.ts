/**
 * The journal in a directory: `leases.journal`, written ahead with zeros in steps of a mebibyte, so that fdatasync has
 * no file size to bring to disk; `leases.journal.new` while it is compacted.
 */
import { constants } from 'node:fs';
import { type FileHandle, mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { LeaseDisk, Replacement } from './lease-disk.ts';

const stepBytes = 1 << 20;

export async function openJournalDirectory(directory: string): Promise<LeaseDisk> {
  await mkdir(directory, { recursive: true, mode: 0o750 });
  const file = join(directory, 'leases.journal');
  const newFile = `${file}.new`;
  let current: Growing | null = null;
  const closeCurrent = async (): Promise<void> => {
    await current?.handle.close();
    current = null;
  };

  return {
    load: async () => {
      await rm(newFile, { force: true });
      return await readFile(file).catch((error: unknown) => {
        if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
        throw error;
      });
    },
    append: async (bytes) => {
      if (current === null) throw new Error('the journal is not open: it starts with a replacement');
      await writeTo(current, bytes);
      await current.handle.datasync();
    },
    startReplacement: async (): Promise<Replacement> => {
      const handle = await open(newFile, constants.O_CREAT | constants.O_TRUNC | constants.O_RDWR, 0o640);
      const next: Growing = { handle, used: 0, size: 0 };
      return {
        write: (bytes) => writeTo(next, bytes),
        commit: async () => {
          await handle.sync();
          await rename(newFile, file);
          await syncDirectory(directory);
          await closeCurrent();
          current = next;
        },
        abandon: async () => {
          await handle.close();
          await rm(newFile, { force: true });
        },
      };
    },
    usedBytes: () => current?.used ?? 0,
    close: closeCurrent,
  };
}

interface Growing {
  readonly handle: FileHandle;
  used: number;
  size: number;
}

async function writeTo(file: Growing, bytes: Buffer): Promise<void> {
  while (file.used + bytes.length > file.size) {
    await writeWhole(file.handle, Buffer.alloc(stepBytes), file.size);
    file.size += stepBytes;
  }
  await writeWhole(file.handle, bytes, file.used);
  file.used += bytes.length;
}

async function writeWhole(handle: FileHandle, bytes: Buffer, position: number): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    const { bytesWritten } = await handle.write(bytes, done, bytes.length - done, position + done);
    done += bytesWritten;
  }
}

async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, constants.O_RDONLY);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
