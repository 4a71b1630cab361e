import type { Command } from 'commander';
import { kindNames } from '../kinds/kinds.ts';

export interface CommandWords {
  /** Words before it: empty for the program, `['site']` for what `formwork site` takes. */
  readonly path: readonly string[];
  readonly words: readonly { readonly name: string; readonly description: string }[];
  readonly options: readonly { readonly flag: string; readonly description: string }[];
}

/** What can follow each command, the program first. */
export function describeCommands(command: Command, path: readonly string[] = []): readonly CommandWords[] {
  const words = command.commands.map((child) => ({ name: child.name(), description: child.description() }));
  const kinds = ['get', 'describe'].includes(command.name())
    ? kindNames.map((name) => ({ name, description: 'kind' }))
    : [];
  const own: CommandWords = {
    path,
    words: [...words, ...kinds],
    options: command.options.flatMap((option) =>
      option.long === undefined ? [] : [{ flag: option.long, description: option.description }],
    ),
  };
  return [own, ...command.commands.flatMap((child) => describeCommands(child, [...path, child.name()]))];
}
