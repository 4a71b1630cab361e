import { constants } from 'node:fs';
import { type FileHandle, open, realpath } from 'node:fs/promises';
import path from 'node:path';
import type { OpenFile, Opened, Source } from './source.ts';

/**
 * Regular files below a directory. Links are followed as long as they stay below it. A name that begins with a MAC
 * address is looked for as it is first, then without it, so that one file serves every machine that asks by its own name.
 * Throws when the directory is not there.
 */
export async function openFileTree(root: string): Promise<Source> {
  const realRoot = await realpath(root);
  return {
    open: async (name) => {
      const whole = await openBelow(realRoot, name.path);
      return whole.kind === 'not-found' && name.ofMachine !== null ? openBelow(realRoot, name.ofMachine.path) : whole;
    },
  };
}

/** Codes that mean that there is no such file. */
const absent = new Set(['ENOENT', 'ENOTDIR', 'ENAMETOOLONG']);

async function openBelow(realRoot: string, relative: string): Promise<Opened> {
  try {
    const resolved = await realpath(path.join(realRoot, relative));
    if (!resolved.startsWith(realRoot === path.sep ? path.sep : realRoot + path.sep)) {
      return { kind: 'denied', why: 'it leads out of the root' };
    }
    // A FIFO must not hold us up, and what was resolved must not have become a link meanwhile.
    const handle = await open(resolved, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    return await admit(handle, resolved);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
    return absent.has(code) ? { kind: 'not-found' } : { kind: 'denied', why: `it cannot be opened (${code})` };
  }
}

async function admit(handle: FileHandle, resolved: string): Promise<Opened> {
  const stat = await handle.stat({ bigint: true }).catch(() => null);
  if (stat?.isFile() === true && (await realpath(resolved).catch(() => null)) === resolved) {
    const identity = `${stat.dev} ${stat.ino} ${stat.size} ${stat.mtimeNs}`;
    return { kind: 'opened', file: handleFile(handle, Number(stat.size), identity) };
  }
  await handle.close();
  return { kind: 'denied', why: 'it is no regular file' };
}

const handleFile = (handle: FileHandle, sizeBytes: number, identity: string): OpenFile => ({
  sizeBytes,
  identity,
  read: async (offset, length) => {
    const into = Buffer.allocUnsafeSlow(length);
    let done = 0;
    while (done < length) {
      const { bytesRead } = await handle.read(into, done, length - done, offset + done);
      if (bytesRead === 0) throw new RangeError('the file has become shorter');
      done += bytesRead;
    }
    return into;
  },
  close: () => handle.close(),
});
