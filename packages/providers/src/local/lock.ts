/**
 * Locks between processes of this host. Each is an abstract Unix socket that its holder listens on: the kernel gives a
 * name to one process only and takes it back when that process ends, however it ends, so no lock is ever stale.
 */
import { createHash } from 'node:crypto';
import { createServer } from 'node:net';
import { pause } from '../pause.ts';

export interface Lock {
  release(): Promise<void>;
}

/** The lock, or null while somebody, this process included, holds it. */
export async function tryLock(name: string): Promise<Lock | null> {
  const socket = `\0formwork/${createHash('sha256').update(name).digest('hex').slice(0, 40)}`;
  const server = createServer((connection) => connection.destroy());
  return await new Promise<Lock | null>((resolve, reject) => {
    server.once('error', (error) => {
      if ('code' in error && error.code === 'EADDRINUSE') resolve(null);
      else reject(error);
    });
    server.listen(socket, () => {
      server.unref();
      resolve({ release: () => new Promise((done) => server.close(() => done())) });
    });
  });
}

/** Runs `work` under the lock, waiting for it until the signal fires. */
export async function withLock<T>(name: string, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  let held = await tryLock(name);
  while (held === null) {
    await pause(20, signal);
    held = await tryLock(name);
  }
  try {
    return await work();
  } finally {
    await held.release();
  }
}
