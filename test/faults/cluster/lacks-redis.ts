import { spawnSync } from 'node:child_process';

/** Names what is missing for the Redis queue backend; null when it is there. */
export const lacksRedis = (): string | null =>
  spawnSync('redis-server', ['--version'], { stdio: 'ignore', timeout: 5_000 }).status === 0
    ? null
    : 'redis-server (Debian package of the same name)';
