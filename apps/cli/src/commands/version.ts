import type { Command } from 'commander';
import { apiCommand } from '../command-options.ts';
import type { Io } from '../io.ts';
import { openSession } from '../session.ts';

export function versionCommand(io: Io, version: string): Command {
  return apiCommand('version', 'print the versions of this program and of the server').action(
    async (given: unknown) => {
      const session = await openSession(io, given);
      const server = await session.client.call('getHealth', { timeoutMs: 3_000 }).then(
        (health) => health.version,
        () => null,
      );
      session.print({ client: version, server }, `client ${version}\nserver ${server ?? 'not reached'}\n`, version);
    },
  );
}
