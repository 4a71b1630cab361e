import { randomBytes, randomInt } from 'node:crypto';
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import path from 'node:path';

/** The password of this data directory's database, made once; 32 random bytes in a file of mode 0600. */
export function keepPassword(directory: string): string {
  return readKept(directory, 'password') ?? writeKept(directory, 'password', randomBytes(32).toString('base64url'));
}

/** The port used last, or undefined. */
export function keptPort(directory: string): number | undefined {
  const port = Number(readKept(directory, 'port') ?? '');
  return Number.isInteger(port) && port > 0 && port < 65_536 ? port : undefined;
}

/** A random port that is free now, kept in the directory. Below the range the kernel hands out to outgoing connections. */
export async function pickPort(directory: string): Promise<number> {
  for (;;) {
    const port = randomInt(15_000, 32_000);
    if (await isPortFree(port)) {
      writeKept(directory, 'port', String(port));
      return port;
    }
  }
}

export function isPortFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => {
      resolve(false);
    });
    server.listen({ host: '127.0.0.1', port, exclusive: true }, () => {
      server.close(() => {
        resolve(true);
      });
    });
  });
}

function readKept(directory: string, name: string): string | undefined {
  try {
    return readFileSync(path.join(directory, name), 'utf8').trim() || undefined;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}

/** By rename, so a crash leaves the old text or the new one, never half of it. */
function writeKept(directory: string, name: string, text: string): string {
  const file = path.join(directory, name);
  writeFileSync(`${file}.new`, `${text}\n`, { mode: 0o600 });
  renameSync(`${file}.new`, file);
  return text;
}
