import { Command, Option } from 'commander';
import { z } from 'zod';
import { apiCommand, collect, readOptions } from '../command-options.ts';
import type { Io } from '../io.ts';
import { openSession } from '../session.ts';
import { getCommand } from './get.ts';

const createSchema = z.object({
  role: z.enum(['viewer', 'operator', 'admin']),
  site: z.array(z.string()).default(['*']),
  deployment: z.array(z.string()).default(['*']),
  expires: z.iso.datetime({ offset: true }).optional(),
});

export function tokenCommand(io: Io): Command {
  return new Command('token')
    .description('who may do what')
    .addCommand(createCommand(io))
    .addCommand(getCommand(io, 'tokens').name('list').description('list the tokens'))
    .addCommand(revokeCommand(io));
}

const createCommand = (io: Io): Command =>
  apiCommand('create', 'make a token; it is shown once')
    .argument('<name>')
    .addOption(new Option('--role <role>').choices(createSchema.shape.role.options).makeOptionMandatory())
    .option('--site <name>', 'only these sites; may be given several times', collect)
    .option('--deployment <pattern>', 'only these deployments, * for any text; may be given several times', collect)
    .option('--expires <time>', 'ISO 8601, such as 2027-01-01T00:00:00Z')
    .action(async (name: string, given: unknown) => {
      const options = readOptions(createSchema, given);
      const session = await openSession(io, given);
      const scope = { sites: options.site, deployments: options.deployment };
      const body = { name, role: options.role, scope, expiresAt: options.expires ?? null };
      const created = await session.client.call('createToken', { body });
      session.print(created, `${created.token}\n`, created.token);
      session.note('keep it now: it is stored nowhere and never shown again');
    });

const revokeCommand = (io: Io): Command =>
  apiCommand('revoke', 'revoke a token at once')
    .argument('<name-or-id>')
    .action(async (token: string, given: unknown) => {
      const session = await openSession(io, given);
      await session.client.call('revokeToken', { params: { token } });
      session.print({ revoked: token }, `token ${token} revoked\n`, token);
    });
