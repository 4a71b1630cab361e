// Finds what tests left on this machine: what carries Formwork's names and was not there before.
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { foreignNames } from './foreign-sites.mjs';

const read = (file) => {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return ''; // Not on this system, or gone since it was listed.
  }
};
const list = (directory) => {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
};
const printed = (command, ...args) => {
  const { status, stdout } = spawnSync(command, args, { encoding: 'utf8', timeout: 10_000 });
  return status === 0 ? stdout.split('\n') : [];
};

/** Names that Formwork gives: `fw-<site>-<node>`, `fwbr0`, `fw0123456789ab`, `formwork-<site>`. */
const named = /\bfw-|\bfw[a-z0-9]{3,}\b|formwork/;
const like = (lines) => lines.filter((line) => named.test(line));

function processes({ runId, directory }) {
  const found = [];
  for (const pid of list('/proc').filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)) {
    const command = read(`/proc/${pid}/cmdline`).replaceAll('\0', ' ').trim();
    const ours = command.includes(directory) || read(`/proc/${pid}/environ`).includes(`FORMWORK_TEST_RUN=${runId}\0`);
    if (ours) found.push({ pid: Number(pid), command: command.slice(0, 120) });
  }
  return found;
}

/** Everything of a kind that could be left, as lines; the same thing is the same line at any time. */
function snapshot() {
  const mounts = read('/proc/self/mountinfo')
    .split('\n')
    .map((line) => line.split(' ')[4] ?? '');
  const controllers = ['', ...list('/sys/fs/cgroup')];
  return new Set(
    [
      like(mounts).map((point) => `mount ${point}`),
      like(list('/run/netns')).map((name) => `network namespace ${name}`),
      like(list('/sys/class/net')).map((name) => `network link ${name}`),
      controllers.flatMap((name) => like(list(`/sys/fs/cgroup/${name}`)).map((group) => `cgroup ${name}/${group}`)),
      like(printed('nft', 'list', 'tables')).map((table) => `nftables ${table}`),
      like(printed('losetup', '--list', '--noheadings', '--output', 'NAME,BACK-FILE')).map((line) => `loop ${line}`),
      like(read('/etc/passwd').split('\n')).map((line) => `user ${line.split(':', 1)[0]}`),
    ].flat(),
  );
}

/**
 * Remembers what is there now. The answer's `look` waits up to 15 s for the rest to go and lists what did not.
 *
 * @param {{ runId: string, directory: string }} run Marks its processes by environment and by place.
 * @returns {{ look: () => Promise<readonly string[]> }}
 */
export function watchLeftovers(run) {
  if (process.platform !== 'linux') return { look: async () => [] };
  const before = snapshot();
  return {
    async look() {
      for (let wait = 0; ; wait += 1) {
        const running = processes(run);
        const foreign = foreignNames(run.directory);
        const rest = [...snapshot()].filter(
          (line) => !before.has(line) && !foreign.some((name) => line.includes(name)),
        );
        if (wait === 30 || running.length + rest.length === 0) {
          for (const { pid } of running) end(pid);
          return [...running.map(({ pid, command }) => `process ${String(pid)} (ended now): ${command}`), ...rest];
        }
        await sleep(500);
      }
    },
  };
}

function end(pid) {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // Gone by itself.
  }
}
