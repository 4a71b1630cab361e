/**
 * The DHCP server as a process: `main.ts --config FILE --journal DIRECTORY [--copied FILE]`, the
 * last with leases that a copy elsewhere has. One JSON line on stdout for each thing that
 * happens, the first being `ready`. SIGHUP reads the configuration again; SIGUSR2 prints the counters; SIGTERM ends.
 * Started with an IPC channel it tells its parent all leases, then each change once that is on disk, and ends with it.
 */
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { FormworkError } from '@formwork/core';
import { parseDhcpConfiguration } from './configuration/parse-configuration.ts';
import type { DhcpConfiguration } from './configuration/schema.ts';
import type { Lease } from './leases/lease.ts';
import { leaseMessage, readCopiedLeases } from './leases/lease-message.ts';
import { startDhcpServer } from './server/dhcp-server.ts';
import { activatedSockets } from './server/socket-activation.ts';

const batchOfLeases = 1000;
const { values } = parseArgs({
  options: { config: { type: 'string' }, journal: { type: 'string' }, copied: { type: 'string' } },
});
const { config, journal, copied } = values;
const say = (line: Readonly<Record<string, unknown>>): void => {
  process.stdout.write(`${JSON.stringify(line)}\n`);
};
const textOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
const give = (error: unknown): never => {
  const problems = error instanceof FormworkError ? error.details['problems'] : undefined;
  say({ event: 'failed', message: textOf(error), ...(problems === undefined ? {} : { problems }) });
  process.exit(1);
};

if (config === undefined || journal === undefined) give(new Error('usage: main.ts --config FILE --journal DIRECTORY'));
else {
  const server = await startDhcpServer({
    configuration: read(config),
    directory: journal,
    copied: copied === undefined ? [] : readCopiedLeases(readFileSync(copied, 'utf8')),
    activated: activatedSockets(process.env, process.pid),
    onCommitted: tellLeases,
    onEvent: ({ kind, ...rest }) => {
      const error = 'error' in rest ? { error: textOf(rest.error) } : {};
      say({ event: kind, ...rest, ...error });
      if (kind === 'socket-failed') process.exit(1);
    },
  }).catch(give);
  const stop = (): void => {
    server.close().then(() => process.exit(0), give);
  };
  process.on('SIGTERM', stop).on('SIGINT', stop);
  process.on('SIGUSR2', () => say({ event: 'counters', ...server.counters }));
  process.on('SIGHUP', () => {
    try {
      server.reconfigure(read(config));
      say({ event: 'reconfigured' });
    } catch (error) {
      say({ event: 'not-reconfigured', message: textOf(error) });
    }
  });
  if (process.connected) {
    process.on('disconnect', stop);
    const known = server.leases.since(0);
    for (let at = 0; at < known.length; at += batchOfLeases) tellLeases(known.slice(at, at + batchOfLeases));
  }
  say({ event: 'ready', pid: process.pid, leases: server.leases.replayed });
}

function tellLeases(batch: readonly Lease[]): void {
  if (process.connected) process.send?.(leaseMessage(batch));
}

function read(file: string): DhcpConfiguration {
  const checked = parseDhcpConfiguration(JSON.parse(readFileSync(file, 'utf8')));
  if (checked.ok) return checked.value;
  const text = checked.problems.map(
    ({ path, message, remedy }) => `${path}: ${message}${remedy === undefined ? '' : `; ${remedy}`}`,
  );
  throw new FormworkError('invalid', 'dhcp-invalid', text.join('\n'), { details: { problems: checked.problems } });
}
