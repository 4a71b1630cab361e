import type { Command } from 'commander';
import { z } from 'zod';
import { apiCommand, readOptions } from '../command-options.ts';
import { findNodeRole } from '../find-node-role.ts';
import type { Io } from '../io.ts';
import { openSession } from '../session.ts';

const optionsSchema = z.object({ deployment: z.string().optional(), reason: z.string().min(1) });

export function skipCommand(io: Io): Command {
  return apiCommand('skip', 'leave a node-role out of the run')
    .argument('<node-role>', 'key or id')
    .requiredOption('--reason <text>', 'why; it stays on record')
    .option('-d, --deployment <name>', 'its deployment, where the key does not tell')
    .action(async (nodeRole: string, given: unknown) => {
      const { deployment, reason } = readOptions(optionsSchema, given);
      const session = await openSession(io, given);
      const params = await findNodeRole(session.client, nodeRole, deployment);
      const after = await session.client.call('skipNodeRole', { params, body: { reason } });
      session.print(after, `${after.key} ${after.state.state}\n`, after.key);
    });
}
