/**
 * One server a journal. The lock is a socket in the directory that its holder listens on: it works across network
 * namespaces, and a holder that was killed does not answer.
 */
import { rm } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';

export interface DirectoryLock {
  release(): Promise<void>;
}

/** Longest path of a Unix socket that the kernel takes. */
const longestPath = 107;
const answerWithinMs = 2000;

/** The lock, or null while another process has it. */
export async function lockDirectory(directory: string): Promise<DirectoryLock | null> {
  const path = join(directory, 'lock');
  if (Buffer.byteLength(path) > longestPath) {
    throw new Error(`the journal's directory ${directory} has too long a path: at most ${longestPath - 5} bytes`);
  }
  const held = await listen(path);
  if (held !== null) return held;
  if (await answers(path)) return null;
  await rm(path, { force: true });
  return await listen(path);
}

function listen(path: string): Promise<DirectoryLock | null> {
  const server = createServer((connection) => connection.destroy());
  return new Promise((resolve, reject) => {
    server.once('error', (error) => {
      if ('code' in error && error.code === 'EADDRINUSE') resolve(null);
      else reject(error);
    });
    server.listen(path, () => {
      server.unref();
      resolve({ release: () => new Promise((done) => server.close(() => done())) });
    });
  });
}

function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    const answer = (alive: boolean): void => {
      socket.destroy();
      resolve(alive);
    };
    socket.setTimeout(answerWithinMs, () => answer(true));
    socket.once('connect', () => answer(true));
    socket.once('error', () => answer(false));
  });
}
