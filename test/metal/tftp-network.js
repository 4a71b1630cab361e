import { execFileSync, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
export const serverAddress = '10.99.0.1';
const clientAddress = '10.99.0.2';
const ip = (...args) => {
  execFileSync('ip', [...args], { timeout: 10_000, stdio: ['ignore', 'ignore', 'pipe'] });
};
export function openTftpNetwork() {
  const suffix = randomBytes(3).toString('hex');
  const [server, client] = [`fwtftp-s-${suffix}`, `fwtftp-c-${suffix}`];
  const close = () => {
    for (const name of [server, client]) {
      try {
        ip('netns', 'del', name);
      } catch {
        // It was never made.
      }
    }
  };
  try {
    ip('netns', 'add', server);
    ip('netns', 'add', client);
    ip('link', 'add', 'up0', 'netns', server, 'type', 'veth', 'peer', 'name', 'up0', 'netns', client);
    ip('-n', server, 'addr', 'add', `${serverAddress}/24`, 'dev', 'up0');
    ip('-n', client, 'addr', 'add', `${clientAddress}/24`, 'dev', 'up0');
    for (const name of [server, client]) {
      ip('-n', name, 'link', 'set', 'lo', 'up');
      ip('-n', name, 'link', 'set', 'up0', 'up');
    }
  } catch (error) {
    close();
    throw error;
  }
  const within = (name) => ['ip', 'netns', 'exec', name];
  return { server, client, onServer: within(server), onClient: within(client), close };
}
/** Starts a command given as one list. */
export function start(command, options = {}) {
  const [program = '', ...args] = command;
  return spawn(program, args, options);
}
/** Runs a command to its end, at most so long; answers how it ended. */
export function runToEnd(command, withinMs) {
  const child = start(command, { stdio: ['ignore', 'pipe', 'pipe'], timeout: withinMs, killSignal: 'SIGKILL' });
  const pieces = [];
  child.stdout?.on('data', (piece) => pieces.push(piece));
  child.stderr?.on('data', (piece) => pieces.push(piece));
  return new Promise((resolve) => {
    child.on('error', (error) => resolve({ ok: false, output: error.message }));
    child.on('close', (code) => resolve({ ok: code === 0, output: Buffer.concat(pieces).toString() }));
  });
}
//# sourceMappingURL=tftp-network.js.map
