import { etagOf } from '@formwork/api';
import { Argument, Command } from 'commander';
import { z } from 'zod';
import { apiCommand, readOptions } from '../command-options.ts';
import type { Io } from '../io.ts';
import { openSession } from '../session.ts';

export function nodeCommand(io: Io): Command {
  const command = new Command('node')
    .description('act on one node')
    .addCommand(powerCommand(io))
    .addCommand(lostCommand(io));
  for (const change of changes) command.addCommand(changeCommand(io, change));
  return command;
}

const powerStateSchema = z.enum(['on', 'off', 'cycle']);

const powerCommand = (io: Io): Command =>
  apiCommand('power', 'switch a node on or off, or cycle it')
    .argument('<node>')
    .addArgument(new Argument('<state>').choices(powerStateSchema.options))
    .action(async (node: string, state: string, given: unknown) => {
      const session = await openSession(io, given);
      const body = { state: powerStateSchema.parse(state) };
      const power = await session.client.call('setNodePower', { params: { node }, body, timeoutMs: 90_000 });
      session.print(
        power,
        `${power.node} ${power.done ? power.state : `on its way to ${power.state}`}: ${power.message}\n`,
      );
    });

const lostSchema = z.object({ yes: z.boolean().default(false) });

const lostCommand = (io: Io): Command =>
  apiCommand('lost', 'declare that a machine will not come back; this cannot be undone')
    .argument('<node>')
    .option('-y, --yes', 'do not ask')
    .action(async (node: string, given: unknown) => {
      const { yes } = readOptions(lostSchema, given);
      const session = await openSession(io, given);
      if (
        !yes &&
        !(io.stdinIsTerminal && /^y(es)?$/i.test((await io.ask(`Declare ${node} lost for good? [y/N] `)).trim()))
      ) {
        session.note(`nothing changed; to declare it lost without being asked: formwork node lost ${node} --yes`);
        return;
      }
      const after = await session.client.call('patchNode', { params: { node }, body: { lost: true } });
      session.print(after, `${after.name} is lost; the next plan of its deployment says what follows\n`, after.name);
    });

const changes = [
  { name: 'lock', description: 'start nothing new on a node', body: { locked: true } },
  { name: 'unlock', description: 'let a locked node go on', body: { locked: false } },
  { name: 'maintain', description: 'put a node into maintenance', body: { maintenance: true } },
  { name: 'release', description: 'take a node out of maintenance', body: { maintenance: false } },
] as const;

const changeCommand = (io: Io, { name, description, body }: (typeof changes)[number]): Command =>
  apiCommand(name, description)
    .argument('<node>')
    .action(async (node: string, given: unknown) => {
      const session = await openSession(io, given);
      const before = await session.client.call('getNode', { params: { node } });
      const params = { node: before.id };
      const after = await session.client.call('patchNode', { params, body, ifMatch: etagOf(before.version) });
      session.print(after, `${after.name} ${after.state}\n`, after.name);
    });
