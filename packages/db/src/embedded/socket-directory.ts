import { once } from 'node:events';
import { readdirSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import path from 'node:path';

/** Bytes of a socket's path: `sun_path` less its NUL, 104 on macOS and 108 elsewhere. */
const longestPath = process.platform === 'darwin' ? 103 : 107;

/**
 * Whether PostgreSQL can also listen on a Unix socket in its cluster directory, which only its owner may enter: the path is
 * short enough, PostgreSQL's list of directories can hold it, and its file system has sockets (shares into containers often
 * have none).
 */
export async function canListenIn(cluster: string, port: number): Promise<boolean> {
  const file = path.join(cluster, `.s.PGSQL.${String(port)}`);
  if (process.platform === 'win32' || Buffer.byteLength(file) > longestPath || /[",]/.test(cluster)) return false;
  removeSockets(cluster);
  const server = createServer();
  try {
    await once(server.listen(file), 'listening');
    return true;
  } catch {
    return false;
  } finally {
    await new Promise((resolve) => server.close(resolve));
  }
}

/** What a killed PostgreSQL left: its lock file names a pid, which may be anybody's by now. For when nobody runs on the cluster. */
export function removeSockets(cluster: string): void {
  for (const name of readdirSync(cluster)) if (name.startsWith('.s.PGSQL.')) rmSync(path.join(cluster, name));
}
