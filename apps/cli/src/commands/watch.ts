import type { Command } from 'commander';
import { z } from 'zod';
import { apiCommand, readOptions } from '../command-options.ts';
import type { Io } from '../io.ts';
import { openSession } from '../session.ts';
import { expectSuccess } from '../watch/finish.ts';
import { watchRun } from '../watch/watch-run.ts';

const optionsSchema = z.object({ run: z.string().optional() });

export function watchCommand(io: Io): Command {
  return apiCommand('watch', 'show a deployment live until its run has ended')
    .argument('<deployment>')
    .option('--run <id>', 'this run instead of the live or last one')
    .action(async (deployment: string, given: unknown) => {
      const { run: runId } = readOptions(optionsSchema, given);
      const session = await openSession(io, given);
      const run = await watchRun(session, deployment, runId ?? null);
      if (run === null) {
        session.note(`${deployment} has never run; its plan: formwork plan ${deployment}`);
        return;
      }
      session.print(run, '', run.id);
      expectSuccess(run);
    });
}
