import { FormworkError } from '@formwork/api';
import { Command, Option } from 'commander';
import type { z } from 'zod';
import { outputFormats } from './output/format.ts';

/** A command with the options that all that speak to the server take. */
export function apiCommand(name: string, description: string): Command {
  return new Command(name)
    .description(description)
    .addOption(new Option('-o, --output <format>', 'form of the output').choices(outputFormats).default('table'))
    .option('--url <url>', 'the server; else FORMWORK_URL, else the configuration')
    .option('--token-file <file>', 'file that holds the token; else FORMWORK_TOKEN, else the configuration')
    .option('--context <name>', 'context of the configuration file')
    .option('--no-color', 'no colours, as NO_COLOR');
}

/** Options of a command as it declares them. Errors: `usage`. */
export function readOptions<Schema extends z.ZodType>(schema: Schema, options: unknown): z.output<Schema> {
  const parsed = schema.safeParse(options);
  if (parsed.success) return parsed.data;
  const first = parsed.error.issues[0];
  const option =
    first?.path[0] === undefined ? '' : `--${String(first.path[0]).replace(/[A-Z]/g, (c) => `-${c.toLowerCase()}`)}: `;
  throw new FormworkError('invalid', 'usage', `${option}${first?.message ?? 'not valid'}`);
}

/** For an option that may be given several times. */
export const collect = (value: string, before: readonly string[] | undefined): string[] => [...(before ?? []), value];
