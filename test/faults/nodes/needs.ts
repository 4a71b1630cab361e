import { accessSync, constants } from 'node:fs';

/** What real nodes, and faults at them, need of this machine; null when all is there. */
export function missingForNodes(...programs: readonly string[]): string | null {
  if (process.platform !== 'linux') return 'Linux';
  if (process.getuid?.() !== 0) return 'root';
  const lacking = ['systemd-nspawn', 'ip', 'nsenter', ...programs].filter((name) => !onPath(name));
  return lacking.length === 0 ? null : lacking.join(', ');
}

function onPath(name: string): boolean {
  return ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'].some((directory) => {
    try {
      accessSync(`${directory}/${name}`, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}
