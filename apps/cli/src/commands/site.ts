import { FormworkError } from '@formwork/api';
import { Command } from 'commander';
import { z } from 'zod';
import { apiCommand, collect, readOptions } from '../command-options.ts';
import type { Io } from '../io.ts';
import { openSession, type Session } from '../session.ts';
import { getCommand } from './get.ts';
import { parseAssignments } from './task.ts';

const addSchema = z.object({
  provider: z.string(),
  set: z.array(z.string()).default([]),
  param: z.array(z.string()).default([]),
  credentials: z.string().optional(),
  maxNodes: z.coerce.number().int().min(0).optional(),
  check: z.boolean().default(true),
});

export function siteCommand(io: Io): Command {
  return new Command('site')
    .description('the places where nodes are made')
    .addCommand(addCommand(io))
    .addCommand(setCommand(io))
    .addCommand(getCommand(io, 'sites').name('list').description('list the sites'))
    .addCommand(checkCommand(io))
    .addCommand(deleteCommand(io));
}

const addCommand = (io: Io): Command =>
  apiCommand('add', 'add a site and check it')
    .argument('<name>')
    .requiredOption('--provider <name>', 'local, sim, ...')
    .option('--set <key=value>', "the provider's configuration, values as YAML; may be given several times", collect)
    .option('--param <name=value>', 'a parameter of the site layer, by full name', collect)
    .option('--credentials <secret>', 'name of a secret, see "formwork secret set"')
    .option('--max-nodes <n>', 'never more nodes than this')
    .option('--no-check', 'do not ask a worker to check it')
    .action(async (name: string, given: unknown) => {
      const options = readOptions(addSchema, given);
      const session = await openSession(io, given);
      const site = await session.client.call('createSite', {
        body: {
          name,
          provider: options.provider,
          configuration: parseAssignments(options.set),
          params: parseAssignments(options.param),
          credentials: options.credentials ?? null,
          maxNodes: options.maxNodes ?? null,
        },
      });
      session.print(site, `site ${site.name} added\n`, site.name);
      if (options.check) await check(session, name);
    });

const setSchema = addSchema.omit({ provider: true });

const setCommand = (io: Io): Command =>
  apiCommand('set', 'change a site and check it; what is not named stays as it is')
    .argument('<name>')
    .option('--set <key=value>', "the provider's configuration, values as YAML; null takes a key away", collect)
    .option('--param <name=value>', 'a parameter of the site layer, by full name; null takes it away', collect)
    .option('--credentials <secret>', 'name of a secret; also to seal a changed one anew')
    .option('--max-nodes <n>', 'never more nodes than this')
    .option('--no-check', 'do not ask a worker to check it')
    .action(async (name: string, given: unknown) => {
      const { set, param, credentials, maxNodes, check: checked } = readOptions(setSchema, given);
      const body = {
        ...(set.length === 0 ? {} : { configuration: parseAssignments(set) }),
        ...(param.length === 0 ? {} : { params: parseAssignments(param) }),
        ...(credentials === undefined ? {} : { credentials }),
        ...(maxNodes === undefined ? {} : { maxNodes }),
      };
      if (Object.keys(body).length === 0) {
        throw new FormworkError('invalid', 'usage', 'nothing to change; see: formwork site set --help');
      }
      const session = await openSession(io, given);
      const site = await session.client.call('patchSite', { params: { site: name }, body });
      session.print(site, `site ${site.name} changed\n`, site.name);
      if (checked) await check(session, name);
    });

const checkCommand = (io: Io): Command =>
  apiCommand('check', 'ask a worker whether a site has everything it needs')
    .argument('<name>')
    .action(async (name: string, given: unknown) => {
      await check(await openSession(io, given), name);
    });

const deleteCommand = (io: Io): Command =>
  apiCommand('delete', 'remove a site that nothing needs')
    .argument('<name>')
    .action(async (name: string, given: unknown) => {
      const session = await openSession(io, given);
      await session.client.call('deleteSite', { params: { site: name } });
      session.print({ deleted: name }, `site ${name} deleted\n`, name);
    });

/** Fails with exit code 1 when the site is not ready. */
async function check(session: Session, name: string): Promise<void> {
  const found = await session.client.call('checkSite', { params: { site: name }, timeoutMs: 180_000 });
  const lines = [
    `site ${name} ${found.ok ? session.paint.green('is ready') : session.paint.red('is not ready')}`,
    ...found.notes.map((note) => `  ${note}`),
    ...found.problems.map(({ path, message, remedy }) => `  ${path}: ${message}\n    remedy: ${remedy}`),
  ];
  session.print(found, `${lines.join('\n')}\n`, name);
  if (!found.ok)
    throw new Error(`site ${name} is not ready; correct what is listed, then: formwork site check ${name}`);
}
