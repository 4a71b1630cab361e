import { FormworkError, type Json } from '@formwork/api';
import type { Command } from 'commander';
import { parse } from 'yaml';
import { z } from 'zod';
import { apiCommand, collect, readOptions } from '../command-options.ts';
import type { Io } from '../io.ts';
import { openSession } from '../session.ts';
import { expectSuccess } from '../watch/finish.ts';
import { watchRun } from '../watch/watch-run.ts';

const optionsSchema = z.object({ param: z.array(z.string()).default([]), wait: z.boolean().default(false) });

export function taskCommand(io: Io): Command {
  return apiCommand('task', 'run a role of kind task, such as a backup')
    .argument('<deployment>')
    .argument('<role>')
    .option('--param <name=value>', 'a parameter, its value as YAML; may be given several times', collect)
    .option('--wait', 'show the run and stay until it has ended')
    .action(async (deployment: string, role: string, given: unknown) => {
      const options = readOptions(optionsSchema, given);
      const session = await openSession(io, given);
      const body = { role, params: parseAssignments(options.param) };
      const started = await session.client.call('runTask', { params: { name: deployment }, body });
      const run = options.wait ? ((await watchRun(session, deployment, started.id)) ?? started) : started;
      session.print(run, `run ${run.id} ${run.state}\n`, run.id);
      if (options.wait) expectSuccess(run);
    });
}

const valueSchema: z.ZodType<Json> = z.json();

/** `name=value` pairs, each value read as YAML: `a=1` is a number, `a="1"` a text. Errors: `usage`. */
export function parseAssignments(pairs: readonly string[]): Record<string, Json> {
  const assigned: Record<string, Json> = {};
  for (const pair of pairs) {
    const equals = pair.indexOf('=');
    if (equals < 1) throw new FormworkError('invalid', 'usage', `"${pair}" is not name=value`);
    assigned[pair.slice(0, equals)] = parseValue(pair.slice(equals + 1));
  }
  return assigned;
}

function parseValue(text: string): Json {
  try {
    const parsed = valueSchema.safeParse(parse(text));
    return parsed.success ? parsed.data : text;
  } catch {
    return text;
  }
}
