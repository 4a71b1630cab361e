/**
 * The TFTP server as a process of its own: `node main.js CONFIGURATION.json`, with what tftpConfiguration describes in
 * the file, or sockets by socket activation. stdout: one line of JSON once it serves, `{"ready":true,"addresses":[...]}`.
 * stderr: a line of JSON for every transfer that ended and every problem; on SIGUSR1 the counters.
 * It ends on SIGTERM and SIGINT. Exit status: 0 stopped as asked, 1 not started, 2 wrong configuration.
 */
import { readFileSync } from 'node:fs';
import { activatedSockets } from './activated-sockets.ts';
import { type TftpConfiguration, tftpConfiguration } from './configuration.ts';
import { serveTftp } from './serve.ts';

const say = (line: unknown): void => {
  process.stderr.write(`${JSON.stringify(line)}\n`);
};
const give = (status: number, problem: string): never => {
  say({ event: 'not-started', problem });
  process.exit(status);
};

const configuration = read(process.argv[2]);
try {
  const server = await serveTftp(configuration, activatedSockets(process.env, process.pid), {
    ended: (report) => say({ event: 'transfer', ...report }),
    problem: (message, error) => say({ event: 'problem', message, error: error?.message ?? null }),
  });
  const stop = (): void => {
    server.close().then(
      () => process.exit(0),
      () => process.exit(1),
    );
  };
  process.once('SIGTERM', stop).once('SIGINT', stop);
  // Started with an IPC channel it ends with its parent.
  if (process.connected) process.once('disconnect', stop);
  process.on('SIGUSR1', () => say({ event: 'counters', ...server.counters() }));
  process.stdout.on('error', () => {});
  process.stdout.write(`${JSON.stringify({ ready: true, addresses: server.addresses })}\n`);
} catch (error) {
  give(1, error instanceof Error ? error.message : String(error));
}

function read(file: string | undefined): TftpConfiguration {
  if (file === undefined) return give(2, 'usage: main.js CONFIGURATION.json');
  try {
    const parsed = tftpConfiguration.safeParse(JSON.parse(readFileSync(file, 'utf8')));
    if (parsed.success) return parsed.data;
    return give(2, parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; '));
  } catch (error) {
    return give(2, error instanceof Error ? error.message : String(error));
  }
}
