import { FormworkError } from '@formwork/api';
import type { Command } from 'commander';
import { z } from 'zod';
import { apiCommand, readOptions } from '../command-options.ts';
import type { Io } from '../io.ts';
import { renderValue } from '../output/format.ts';
import { findKind, kindNames } from '../kinds/kinds.ts';
import { openSession } from '../session.ts';

const optionsSchema = z.object({ deployment: z.string().optional() });

export function describeCommand(io: Io): Command {
  return apiCommand('describe', 'print everything about one thing')
    .argument('<kind>', kindNames.join(', '))
    .argument('<name>')
    .option('-d, --deployment <name>', 'for node-roles and plans')
    .action(async (kind: string, name: string, given: unknown) => {
      const filters = readOptions(optionsSchema, given);
      const session = await openSession(io, given);
      const { one } = findKind(kind);
      if (one === undefined) {
        throw new FormworkError('invalid', 'usage', `there is no more to say than: formwork get ${kind}`);
      }
      const found = await one(session, name, filters);
      session.print(found, renderValue('yaml', found), name);
    });
}
