import type { Command } from 'commander';
import { z } from 'zod';
import { approvePlan, finishRun, isEmptyPlan, planSummary } from '../approve-plan.ts';
import { apiCommand, readOptions } from '../command-options.ts';
import type { Io } from '../io.ts';
import { openSession, type Session } from '../session.ts';
import { locateFailure, readSpecification, type SpecificationFile } from '../specification-file.ts';

const optionsSchema = z.object({
  file: z.string(),
  yes: z.boolean().default(false),
  approve: z.boolean().default(false),
  wait: z.boolean().default(false),
});

export function applyCommand(io: Io): Command {
  return apiCommand('apply', 'propose a specification, show the plan, and run it once approved')
    .requiredOption('-f, --file <file>', 'the specification, YAML or JSON; - is stdin')
    .option('-y, --yes', 'approve the plan without asking')
    .option('--approve', 'the same as --yes')
    .option('--wait', 'show the run and stay until it has ended')
    .action(async (given: unknown) => {
      const options = readOptions(optionsSchema, given);
      const session = await openSession(io, given);
      const specification = await readSpecification(io, options.file);
      const plan = await propose(session, specification);
      if (session.format === 'table') io.out.write(`${plan.rendered.trimEnd()}\n${planSummary(plan)}\n`);
      if (isEmptyPlan(plan)) {
        session.print({ plan, run: null }, 'nothing to do\n', plan.id);
        return;
      }
      const again = `formwork apply -f ${options.file} --yes`;
      const approval = { yes: options.yes || options.approve, wait: options.wait, again };
      finishRun(session, plan, await approvePlan(session, plan, approval), options.wait);
    });
}

/** Puts the specification; a refusal comes back with the places in the file. */
export async function propose(session: Session, specification: SpecificationFile) {
  try {
    return await session.client.call('applyDeployment', {
      params: { name: specification.name },
      body: specification.text,
      signal: session.io.interrupted,
    });
  } catch (error) {
    throw locateFailure(error, specification);
  }
}
