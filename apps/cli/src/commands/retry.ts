import type { Command } from 'commander';
import { z } from 'zod';
import { apiCommand, readOptions } from '../command-options.ts';
import { findNodeRole } from '../find-node-role.ts';
import type { Io } from '../io.ts';
import { openSession } from '../session.ts';

const optionsSchema = z.object({ deployment: z.string().optional() });

export function retryCommand(io: Io): Command {
  return apiCommand('retry', 'try failed node-roles again')
    .argument('<node-role...>', 'keys or ids')
    .option('-d, --deployment <name>', 'their deployment, where the keys do not tell')
    .action(async (nodeRoles: string[], given: unknown) => {
      const { deployment } = readOptions(optionsSchema, given);
      const session = await openSession(io, given);
      for (const nodeRole of nodeRoles) {
        const params = await findNodeRole(session.client, nodeRole, deployment);
        const after = await session.client.call('retryNodeRole', { params });
        session.print(after, `${after.key} ${after.state.state}\n`, after.key);
      }
    });
}
