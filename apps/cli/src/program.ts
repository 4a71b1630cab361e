import { Command } from 'commander';
import { applyCommand } from './commands/apply.ts';
import { completionCommand } from './commands/completion.ts';
import { describeCommand } from './commands/describe.ts';
import { destroyCommand } from './commands/destroy.ts';
import { eventsCommand } from './commands/events.ts';
import { getCommand } from './commands/get.ts';
import { imageCommand } from './commands/image.ts';
import { leaksCommand } from './commands/leaks.ts';
import { logsCommand } from './commands/logs.ts';
import { nodeCommand } from './commands/node.ts';
import { outputCommand } from './commands/output.ts';
import { packCommand } from './commands/pack.ts';
import { paramsCommand } from './commands/params.ts';
import { planCommand } from './commands/plan.ts';
import { retryCommand } from './commands/retry.ts';
import { secretCommand } from './commands/secret.ts';
import { siteCommand } from './commands/site.ts';
import { skipCommand } from './commands/skip.ts';
import { steerCommands } from './commands/steer.ts';
import { taskCommand } from './commands/task.ts';
import { tokenCommand } from './commands/token.ts';
import { upCommand } from './commands/up.ts';
import { versionCommand } from './commands/version.ts';
import { watchCommand } from './commands/watch.ts';
import { whyCommand } from './commands/why.ts';
import { exitCodeHelp } from './exit-code.ts';
import type { Io } from './io.ts';

/** The whole command line. Commander throws instead of exiting, and writes through `io`. */
export function createProgram(io: Io, version: string): Command {
  const program = new Command('formwork').description('orchestrates deployments over this machine, clouds and metal');
  const commands = [
    upCommand(io),
    applyCommand(io),
    planCommand(io),
    watchCommand(io),
    getCommand(io),
    describeCommand(io),
    logsCommand(io),
    whyCommand(io),
    retryCommand(io),
    skipCommand(io),
    ...steerCommands(io),
    destroyCommand(io),
    leaksCommand(io),
    eventsCommand(io),
    paramsCommand(io),
    taskCommand(io),
    outputCommand(io),
    siteCommand(io),
    nodeCommand(io),
    packCommand(io),
    imageCommand(io),
    secretCommand(io),
    tokenCommand(io),
    completionCommand(io),
    versionCommand(io, version),
  ];
  for (const command of commands) program.addCommand(command);
  program.addHelpText('after', exitCodeHelp);
  settle(program, io);
  return program;
}

/** Settings that commander does not hand down to commands made elsewhere. */
function settle(command: Command, io: Io): void {
  command
    .exitOverride()
    .showHelpAfterError('(see --help)')
    .configureOutput({
      writeOut: (text) => {
        io.out.write(text);
      },
      writeErr: (text) => {
        io.err.write(text);
      },
    });
  for (const child of command.commands) settle(child, io);
}
