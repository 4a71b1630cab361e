import type { WhyResponse } from '@formwork/api';
import type { Command } from 'commander';
import { z } from 'zod';
import { apiCommand, readOptions } from '../command-options.ts';
import { findNodeRole } from '../find-node-role.ts';
import type { Io } from '../io.ts';
import type { Paint } from '../output/paint.ts';
import { openSession } from '../session.ts';

const optionsSchema = z.object({ deployment: z.string().optional() });

export function whyCommand(io: Io): Command {
  return apiCommand('why', 'say why a node-role is not running, down to the roots')
    .argument('<node-role>', 'key or id')
    .option('-d, --deployment <name>', 'its deployment, where the key does not tell')
    .action(async (nodeRole: string, given: unknown) => {
      const { deployment } = readOptions(optionsSchema, given);
      const session = await openSession(io, given);
      const params = await findNodeRole(session.client, nodeRole, deployment);
      const why = await session.client.call('whyNodeRole', { params });
      session.print(why, renderWhy(why, session.paint));
    });
}

/** The chain, each link below what waits for it. */
function renderWhy(why: WhyResponse, paint: Paint): string {
  const lines = why.chain.map(({ depth, key, state, sentence }) => {
    const said = sentence === '' ? '' : `: ${sentence}`;
    return `${'  '.repeat(depth)}${paint.bold(key)} ${paint.dim(state)}${said}`;
  });
  if (lines.length === 0) {
    const { key, state, sentence } = why.nodeRole;
    lines.push(`${paint.bold(key)} ${paint.dim(state.state)}: ${sentence === '' ? 'nothing holds it' : sentence}`);
  }
  return `${lines.join('\n')}\n`;
}
