import { Argument, Command } from 'commander';
import { z } from 'zod';
import { describeCommands } from '../completion/describe-commands.ts';
import { bashCompletion, fishCompletion, zshCompletion } from '../completion/shells.ts';
import type { Io } from '../io.ts';

const shellSchema = z.enum(['bash', 'zsh', 'fish']);
const render = { bash: bashCompletion, zsh: zshCompletion, fish: fishCompletion };

export function completionCommand(io: Io): Command {
  const command = new Command('completion');
  return command
    .description('print the completion of a shell')
    .addArgument(new Argument('<shell>').choices(shellSchema.options))
    .addHelpText(
      'after',
      `
  bash:  source <(formwork completion bash)
  zsh:   formwork completion zsh > "\${fpath[1]}/_formwork"
  fish:  formwork completion fish > ~/.config/fish/completions/formwork.fish`,
    )
    .action((shell: string) => {
      io.out.write(render[shellSchema.parse(shell)](describeCommands(command.parent ?? command)));
    });
}
