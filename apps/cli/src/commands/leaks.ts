import type { Command } from 'commander';
import { apiCommand } from '../command-options.ts';
import type { Io } from '../io.ts';
import { openSession } from '../session.ts';
import { renderLeaks } from './destroy.ts';

export function leaksCommand(io: Io): Command {
  return apiCommand('leaks', 'ask the sites what they still own of a deployment, destroyed or not')
    .argument('<deployment>')
    .action(async (deployment: string, given: unknown) => {
      const session = await openSession(io, given);
      const leaks = await session.client.call('getLeaks', { params: { name: deployment }, timeoutMs: 120_000 });
      session.print(leaks, `${renderLeaks(leaks)}\n`);
    });
}
