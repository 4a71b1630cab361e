import { FormworkError } from '@formwork/api';
import type { Command } from 'commander';
import { z } from 'zod';
import { planSummary } from '../approve-plan.ts';
import { apiCommand, readOptions } from '../command-options.ts';
import type { Io } from '../io.ts';
import { openSession } from '../session.ts';
import { readSpecification } from '../specification-file.ts';
import { propose } from './apply.ts';

const optionsSchema = z.object({ file: z.string().optional() });

export function planCommand(io: Io): Command {
  return apiCommand('plan', 'show what would run: for a file, or the open plan of a deployment')
    .argument('[deployment]', 'show its open plan')
    .option('-f, --file <file>', 'propose this specification; nothing runs before its plan is approved')
    .action(async (deployment: string | undefined, given: unknown) => {
      const { file } = readOptions(optionsSchema, given);
      const session = await openSession(io, given);
      if ((file === undefined) === (deployment === undefined)) {
        throw new FormworkError('invalid', 'usage', 'give either -f <file> or the name of a deployment');
      }
      const plan =
        file === undefined
          ? await session.client.call('getOpenPlan', { params: { name: deployment ?? '' } })
          : await propose(session, await readSpecification(io, file));
      session.print(plan, `${plan.rendered.trimEnd()}\n${planSummary(plan)}\n`, plan.id);
    });
}
