import { execFileSync } from 'node:child_process';

/** Two network namespaces and a cable between them. */
export interface Cable {
  readonly server: string;
  readonly client: string;
  remove(): void;
}

export const serverAddress = '10.88.0.1';

/** Unique by the process: two benches do not meet. */
export function layCable(): Cable {
  const [server, client] = [`fwb-${process.pid}-s`, `fwb-${process.pid}-c`];
  const ip = (...args: readonly string[]): void => {
    execFileSync('ip', args, { timeout: 10_000, stdio: ['ignore', 'ignore', 'inherit'] });
  };
  for (const namespace of [server, client]) {
    ip('netns', 'add', namespace);
    ip('-n', namespace, 'link', 'set', 'lo', 'up');
  }
  ip('link', 'add', 'vs', 'netns', server, 'type', 'veth', 'peer', 'name', 'vc', 'netns', client);
  ip('-n', server, 'addr', 'add', `${serverAddress}/16`, 'dev', 'vs');
  ip('-n', client, 'addr', 'add', '10.88.0.2/16', 'dev', 'vc');
  ip('-n', server, 'link', 'set', 'vs', 'up');
  ip('-n', client, 'link', 'set', 'vc', 'up');
  return {
    server,
    client,
    remove: () => {
      for (const namespace of [server, client]) {
        const pids = execFileSync('ip', ['netns', 'pids', namespace], { encoding: 'utf8', timeout: 10_000 });
        for (const pid of pids.split('\n').filter(Boolean)) process.kill(Number(pid), 'SIGKILL');
        ip('netns', 'delete', namespace);
      }
    },
  };
}
