// What this machine can do. Suites that need what it cannot are left out by name, never silently.
import { spawnSync } from 'node:child_process';

const works = (command, ...args) => spawnSync(command, args, { stdio: 'ignore', timeout: 10_000 }).status === 0;

/**
 * Each answers with what is missing, in words that fit after "needs"; null when it is there.
 * @type {Record<'root' | 'namespaces', () => string | null>}
 */
export const capabilities = {
  root: () => (process.platform === 'linux' && process.getuid?.() === 0 ? null : 'root on Linux'),
  namespaces: () =>
    works('unshare', '--mount', '--net', '--pid', '--uts', '--fork', 'mount', '-t', 'tmpfs', 'none', '/mnt')
      ? null
      : 'mount, network and process namespaces',
};
