import { etagOf, type MachineResponse } from '@formwork/api';
import { Argument, Command } from 'commander';
import { z } from 'zod';
import { apiCommand, collect, readOptions } from '../command-options.ts';
import { findMachine } from '../find-machine.ts';
import type { Io } from '../io.ts';
import { findKind } from '../kinds/kinds.ts';
import { openSession, type Session } from '../session.ts';
import { machineText } from './machine-text.ts';
import { parseAssignments } from './task.ts';

export function machineCommand(io: Io): Command {
  const command = new Command('machine')
    .description('physical machines of metal sites')
    .addCommand(listCommand(io))
    .addCommand(showCommand(io))
    .addCommand(addCommand(io))
    .addCommand(bmcCommand(io))
    .addCommand(labelCommand(io))
    .addCommand(powerCommand(io))
    .addCommand(tasksCommand(io))
    .addCommand(logCommand(io))
    .addCommand(removeCommand(io));
  for (const action of actions) command.addCommand(actionCommand(io, action));
  for (const ending of endings) command.addCommand(endingCommand(io, ending));
  return command;
}

const siteSchema = z.object({ site: z.string().optional() });
const siteOption = '--site <name>';
const siteText = 'needed where machines of several sites have the name';

const oneMachine = (name: string, description: string): Command =>
  apiCommand(name, description).argument('<machine>').option(siteOption, siteText);

async function paramsOf(session: Session, machine: string, given: unknown) {
  return await findMachine(session, machine, readOptions(siteSchema, given).site);
}

const listSchema = z.object({ site: z.string().optional(), state: z.string().optional() });

const listCommand = (io: Io): Command =>
  apiCommand('list', 'list the machines')
    .option(siteOption)
    .option('--state <states>', 'comma-separated: discovered, ready, broken, ...')
    .action(async (given: unknown) => {
      const filters = readOptions(listSchema, given);
      io.out.write(await findKind('machines').show(await openSession(io, given), filters, undefined, 10_000));
    });

const showCommand = (io: Io): Command =>
  oneMachine('show', 'all about a machine').action(async (machine: string, given: unknown) => {
    const session = await openSession(io, given);
    const found = await session.client.call('getMachine', { params: await paramsOf(session, machine, given) });
    session.print(found, machineText(found), found.name);
  });

const bmcOptions = {
  bmc: z.string().optional(),
  driver: z.enum(['ipmi', 'ipmitool', 'redfish', 'webhook']).default('redfish'),
  port: z.coerce.number().int().min(1).max(65_535).optional(),
  credentials: z.string().default('default'),
  set: z.array(z.string()).default([]),
};
const withBmc = (command: Command): Command =>
  command
    .option('--bmc <address>', 'address of its BMC')
    .option('--driver <driver>', 'redfish, ipmi, ipmitool or webhook', 'redfish')
    .option('--port <port>', "where the BMC answers, if not on its protocol's own")
    .option('--credentials <account>', "name of the BMC account in the site's credentials", 'default')
    .option('--set <key=value>', 'an option of the driver, value as YAML; may be given several times', collect);

function bmcOf(options: z.infer<z.ZodObject<typeof bmcOptions>>) {
  const { bmc, driver, port, credentials, set } = options;
  if (bmc === undefined) return null;
  return { driver, address: bmc, port: port ?? null, credentials, options: parseAssignments(set) };
}

const addSchema = z.object({
  ...bmcOptions,
  site: z.string(),
  mac: z.array(z.string()).default([]),
  label: z.array(z.string()).default([]),
});

const addCommand = (io: Io): Command =>
  withBmc(
    apiCommand('add', 'add a machine by its BMC or its MACs; it is approved by this')
      .argument('<name>')
      .requiredOption(siteOption)
      .option('--mac <mac>', 'of one of its NICs; may be given several times', collect)
      .option('--label <name=value>', 'may be given several times', collect),
  ).action(async (name: string, given: unknown) => {
    const options = readOptions(addSchema, given);
    const session = await openSession(io, given);
    const body = { name, macs: options.mac, labels: labelsOf(options.label), bmc: bmcOf(options) };
    const added = await session.client.call('addMachine', { params: { site: options.site }, body });
    session.print(added, `machine ${added.name} added; it is ${added.state}\n`, added.name);
  });

const bmcCommand = (io: Io): Command =>
  withBmc(oneMachine('bmc', 'say how the BMC of a machine is reached; without --bmc it has none')).action(
    async (machine: string, given: unknown) => {
      const options = readOptions(z.object(bmcOptions), given);
      await patch(await openSession(io, given), machine, given, { bmc: bmcOf(options) });
    },
  );

const labelCommand = (io: Io): Command =>
  oneMachine('label', 'set labels of a machine; name= takes one away')
    .argument('<name=value...>')
    .action(async (machine: string, pairs: readonly string[], given: unknown) => {
      const labels = Object.fromEntries(
        Object.entries(labelsOf(pairs)).map(([name, value]) => [name, value === '' ? null : value]),
      );
      await patch(await openSession(io, given), machine, given, { labels });
    });

const labelsOf = (pairs: readonly string[]): Record<string, string> =>
  Object.fromEntries(
    Object.entries(parseAssignments(pairs)).map(([name, value]) => [
      name,
      value === null ? '' : typeof value === 'string' ? value : JSON.stringify(value),
    ]),
  );

async function patch(session: Session, machine: string, given: unknown, body: object): Promise<void> {
  const params = await paramsOf(session, machine, given);
  const before = await session.client.call('getMachine', { params });
  const after = await session.client.call('patchMachine', { params, body, ifMatch: etagOf(before.version) });
  session.print(after, `machine ${after.name} changed\n`, after.name);
}

const powerSchema = z.enum(['on', 'off', 'soft', 'reset', 'cycle']);

const powerCommand = (io: Io): Command =>
  oneMachine('power', 'switch a machine by its BMC')
    .addArgument(new Argument('<action>').choices(powerSchema.options))
    .action(async (machine: string, action: string, given: unknown) => {
      const session = await openSession(io, given);
      const params = await paramsOf(session, machine, given);
      const body = { action: powerSchema.parse(action) };
      const power = await session.client.call('setMachinePower', { params, body, timeoutMs: 150_000 });
      session.print(power, `machine ${power.machine}: power ${power.action}\n`, power.machine);
    });

const tasksCommand = (io: Io): Command =>
  oneMachine('tasks', 'what the agent of a machine was asked to do').action(async (machine: string, given: unknown) => {
    const session = await openSession(io, given);
    const { items } = await session.client.call('listMachineTasks', {
      params: await paramsOf(session, machine, given),
    });
    const lines = items.map(({ createdAt, kind, state, percent, message }) =>
      [createdAt, kind, state, percent === null ? '' : `${String(percent)} %`, message].filter(Boolean).join('  '),
    );
    session.print(items, lines.map((line) => `${line}\n`).join(''));
  });

const logCommand = (io: Io): Command =>
  oneMachine('log', 'what the agent of a machine and its first boot wrote').action(
    async (machine: string, given: unknown) => {
      const session = await openSession(io, given);
      const { items } = await session.client.call('readMachineLog', {
        params: await paramsOf(session, machine, given),
      });
      session.print(items, items.map(({ text }) => text).join(''));
    },
  );

const removeCommand = (io: Io): Command =>
  oneMachine('remove', 'take a retired machine out of the inventory').action(
    async (machine: string, given: unknown) => {
      const session = await openSession(io, given);
      await session.client.call('removeMachine', { params: await paramsOf(session, machine, given) });
      session.print({ removed: machine }, `machine ${machine} removed\n`, machine);
    },
  );

const actions = [
  { name: 'approve', action: 'approve', description: 'take an unknown machine in' },
  { name: 'inspect', action: 'inspect', description: 'have a machine of the pool report its facts anew' },
  { name: 'test', action: 'test', description: 'burn a machine of the pool in' },
  { name: 'maintenance', action: 'maintain', description: 'hands off: a person works on the machine' },
  { name: 'rescue', action: 'rescue', description: 'boot the rescue image instead of the disk' },
  { name: 'resume', action: 'resume', description: 'end maintenance or rescue' },
  { name: 'repair', action: 'repair', description: 'a broken machine is whole again' },
  { name: 'restore', action: 'restore', description: 'take a retired machine back' },
] as const;

const reasonSchema = z.object({ reason: z.string().optional() });
const moved = ({ name, state, reason }: MachineResponse): string => `machine ${name} ${state}: ${reason.message}\n`;
const reasonBody = (reason: string | undefined) => (reason === undefined ? {} : { reason });

const actionCommand = (io: Io, { name, action, description }: (typeof actions)[number]): Command =>
  oneMachine(name, description)
    .option('--reason <text>', 'shown with its state')
    .action(async (machine: string, given: unknown) => {
      const { reason } = readOptions(reasonSchema, given);
      const session = await openSession(io, given);
      const params = await paramsOf(session, machine, given);
      const after = await session.client.call('actOnMachine', { params, body: { action, ...reasonBody(reason) } });
      session.print(after, moved(after), after.name);
    });

const endings = [
  { name: 'release', action: 'release', description: 'take a machine from its node and wipe it' },
  { name: 'retire', action: 'retire', description: 'give a machine to nobody any more' },
  { name: 'fail', action: 'fail', description: 'declare a machine broken; needs --reason' },
] as const;

const endingSchema = z.object({ reason: z.string().optional(), yes: z.boolean().default(false) });

const endingCommand = (io: Io, { name, action, description }: (typeof endings)[number]): Command =>
  oneMachine(name, description)
    .option('--reason <text>', 'shown with its state')
    .option('-y, --yes', 'do not ask')
    .action(async (machine: string, given: unknown) => {
      const { reason, yes } = readOptions(endingSchema, given);
      const session = await openSession(io, given);
      const question = `${description}: ${machine}? [y/N] `;
      if (!yes && !(io.stdinIsTerminal && /^y(es)?$/i.test((await io.ask(question)).trim()))) {
        session.note(`nothing changed; to do it without being asked: formwork machine ${name} ${machine} --yes`);
        return;
      }
      const params = await paramsOf(session, machine, given);
      const after = await session.client.call('endMachine', { params, body: { action, ...reasonBody(reason) } });
      session.print(after, moved(after), after.name);
    });
