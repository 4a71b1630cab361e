import { Command } from 'commander';
import { apiCommand } from '../command-options.ts';
import type { Io } from '../io.ts';
import { openSession } from '../session.ts';
import { getCommand } from './get.ts';

export function secretCommand(io: Io): Command {
  return new Command('secret')
    .description('values that sites and parameters refer to by name')
    .addCommand(setCommand(io))
    .addCommand(getCommand(io, 'secrets').name('list').description('list the secrets, without values'))
    .addCommand(deleteCommand(io));
}

const setCommand = (io: Io): Command =>
  apiCommand('set', 'set a secret; its value is read from stdin, never from the arguments')
    .argument('<name>')
    .action(async (name: string, given: unknown) => {
      const session = await openSession(io, given);
      if (io.stdinIsTerminal) session.note('type the value, then Ctrl-D');
      const value = (await io.readStdin()).replace(/\r?\n$/, '');
      const secret = await session.client.call('setSecret', { params: { secret: name }, body: { value } });
      session.print(secret, `secret ${secret.name} set, version ${String(secret.version)}\n`, secret.name);
    });

const deleteCommand = (io: Io): Command =>
  apiCommand('delete', 'delete a secret that nothing refers to')
    .argument('<name>')
    .action(async (name: string, given: unknown) => {
      const session = await openSession(io, given);
      await session.client.call('deleteSecret', { params: { secret: name } });
      session.print({ deleted: name }, `secret ${name} deleted\n`, name);
    });
