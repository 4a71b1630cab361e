// What of the demo's site is left on this host, seen without Formwork: networks, mounts, control groups, processes.
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';

/** `local` where real machines can be made here, else `sim` with the reason. */
export function chooseProvider() {
  if (process.platform === 'linux' && process.getuid?.() === 0)
    return { provider: 'local', why: 'real machines on this host' };
  try {
    execFileSync('docker', ['info'], { stdio: 'ignore', timeout: 10_000 });
    return { provider: 'local', why: 'real machines by the Docker engine' };
  } catch {
    return {
      provider: 'sim',
      why: 'simulated machines, because there is neither root on Linux nor a Docker engine here',
    };
  }
}

const lines = (command, args) => {
  try {
    return execFileSync(command, args, {
      encoding: 'utf8',
      timeout: 10_000,
      stdio: ['ignore', 'pipe', 'ignore'],
    }).split('\n');
  } catch {
    return [];
  }
};

/** Each thing left, in words; empty is what we want. */
export function leftovers(bridge, siteId, dataDirectory) {
  const found = [];
  for (const line of lines('ip', ['-o', 'link', 'show']))
    if (line.includes(`${bridge}`)) found.push(`network link ${line.split(':')[1]?.trim()}`);
  for (const line of lines('ip', ['netns', 'list']))
    if (line.includes(bridge)) found.push(`network namespace ${line.split(' ')[0]}`);
  if (existsSync('/proc/mounts')) {
    for (const line of readFileSync('/proc/mounts', 'utf8').split('\n')) {
      if (line.includes(dataDirectory) || line.includes(siteId)) found.push(`mount ${line.split(' ')[1]}`);
    }
  }
  if (existsSync('/sys/fs/cgroup')) {
    for (const hierarchy of ['', ...readdirSync('/sys/fs/cgroup')]) {
      const base = `/sys/fs/cgroup/${hierarchy}/formwork`;
      if (existsSync(base))
        for (const name of readdirSync(base, { withFileTypes: true }))
          if (name.isDirectory() && name.name.includes(siteId.slice(0, 8)))
            found.push(`control group ${base}/${name.name}`);
    }
  }
  if (existsSync('/proc')) {
    for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)) {
      try {
        const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
        if (command.includes(dataDirectory)) found.push(`process ${pid} ${command.slice(0, 80)}`);
      } catch {
        // It ended while we looked.
      }
    }
  }
  return found;
}
