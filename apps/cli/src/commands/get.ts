import type { Command } from 'commander';
import { z } from 'zod';
import { apiCommand, readOptions } from '../command-options.ts';
import type { Io } from '../io.ts';
import { findKind, kindNames } from '../kinds/kinds.ts';
import { openSession } from '../session.ts';

const optionsSchema = z.object({
  deployment: z.string().optional(),
  site: z.string().optional(),
  state: z.string().optional(),
  role: z.string().optional(),
  node: z.string().optional(),
  pack: z.string().optional(),
  limit: z.coerce.number().int().min(1).default(1000),
});

/** `get <kind> [name]`; with `fixed` the list of one kind, for `site list` and the like. */
export function getCommand(io: Io, fixed?: string): Command {
  const command = apiCommand('get', 'list what there is').option('--limit <n>', 'at most so many', '1000');
  if (fixed !== undefined) {
    return command.action(async (given: unknown) => {
      await show(io, fixed, undefined, given);
    });
  }
  return command
    .argument('<kind>', kindNames.join(', '))
    .argument('[name]', 'only this one')
    .option('-d, --deployment <name>')
    .option('--site <name>')
    .option('--state <states>', 'comma-separated')
    .option('--role <name>')
    .option('--node <name>')
    .option('--pack <name>')
    .action(async (kind: string, name: string | undefined, given: unknown) => {
      await show(io, kind, name, given);
    });
}

async function show(io: Io, kind: string, name: string | undefined, given: unknown): Promise<void> {
  const { limit, ...filters } = readOptions(optionsSchema, given);
  const session = await openSession(io, given);
  io.out.write(await findKind(kind).show(session, filters, name, limit));
}
