import type { Command } from 'commander';
import { apiCommand } from '../command-options.ts';
import type { Io } from '../io.ts';
import { openSession } from '../session.ts';

export function outputCommand(io: Io): Command {
  return apiCommand('output', 'print an output of a role')
    .argument('<deployment>')
    .argument('<role.output>')
    .action(async (deployment: string, name: string, given: unknown) => {
      const session = await openSession(io, given);
      const output = await session.client.call('getOutput', { params: { name: deployment, output: name } });
      const lines = output.values.map(({ node, value }) => {
        const text = typeof value === 'string' ? value : JSON.stringify(value);
        return output.values.length === 1 ? text : `${node ?? deployment}: ${text}`;
      });
      session.print(output, `${lines.join('\n')}\n`, output.name);
    });
}
