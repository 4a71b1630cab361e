// What of the demo's site is left on this host, seen without Formwork: networks, mounts, control groups, processes.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
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

/** A network of this checkout's own, the same at every run: a killed demo's leftovers are found again, another's are not touched. */
export function networkOf(dataDirectory) {
  const hash = createHash('sha256').update(dataDirectory).digest();
  return { bridge: `fwd${hash.toString('hex').slice(0, 8)}`, subnet: `10.${64 + (hash[4] % 32)}.${hash[5]}.0/24` };
}

/** Each thing left, in words; empty is what we want. Everything of a site on this host carries its tag, or its bridge. */
export function leftovers({ bridge, siteId, dataDirectory }) {
  const tag = createHash('sha256').update(`site\n${siteId}`).digest('hex').slice(0, 8);
  const found = [];
  for (const line of lines('ip', ['-o', 'link', 'show'])) {
    if (line.includes(bridge)) found.push(`network link ${line.split(':')[1]?.trim()}`);
  }
  for (const line of lines('ip', ['netns', 'list'])) {
    if (line.startsWith(`fw-${tag}-`)) found.push(`network namespace ${line.split(' ')[0]}`);
  }
  for (const line of lines('nft', ['list', 'tables']))
    if (line.includes(bridge) || line.includes(tag)) found.push(`firewall ${line}`);
  if (existsSync('/proc/mounts')) {
    for (const line of readFileSync('/proc/mounts', 'utf8').split('\n')) {
      if (line.includes(dataDirectory)) found.push(`mount ${line.split(' ')[1]}`);
    }
  }
  if (existsSync('/sys/fs/cgroup')) {
    for (const hierarchy of ['.', ...readdirSync('/sys/fs/cgroup')]) {
      const group = `/sys/fs/cgroup/${hierarchy}/formwork-${tag}`;
      if (existsSync(group)) found.push(`control group ${group}`);
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
