import type { LeaksResponse, PlanResponse } from '@formwork/api';
import { FormworkError } from '@formwork/api';
import type { Command } from 'commander';
import { z } from 'zod';
import { approvePlan, finishRun, planSummary } from '../approve-plan.ts';
import { apiCommand, readOptions } from '../command-options.ts';
import type { Io } from '../io.ts';
import { openSession, type Session } from '../session.ts';

const optionsSchema = z.object({ yes: z.boolean().default(false), wait: z.boolean().default(false) });

export function destroyCommand(io: Io): Command {
  return apiCommand('destroy', 'show the plan of a destruction, and run it once approved')
    .argument('<deployment>')
    .option('-y, --yes', 'approve the plan without asking')
    .option('--wait', 'show the run, stay until it has ended, and check for leaks')
    .action(async (deployment: string, given: unknown) => {
      const options = readOptions(optionsSchema, given);
      const session = await openSession(io, given);
      const { plan } = await session.client.call('destroyDeployment', { params: { name: deployment } });
      if (session.format === 'table') io.out.write(`${plan.rendered.trimEnd()}\n${planSummary(plan)}\n`);
      const again = `formwork destroy ${deployment} --yes`;
      const run = await approvePlan(session, plan, { ...options, again });
      finishRun(session, plan, run, options.wait);
      if (run !== null && options.wait) await checkLeaks(session, plan);
    });
}

async function checkLeaks(session: Session, plan: PlanResponse): Promise<void> {
  const leaks = await session.client.call('getLeaks', { params: { name: plan.deployment }, timeoutMs: 120_000 });
  session.note(renderLeaks(leaks));
  if (leaks.clean) return;
  throw new FormworkError('terminal', 'run-failed', `${plan.deployment} is not wholly gone; destroy it again`);
}

/** The leak check in words. */
export function renderLeaks(leaks: LeaksResponse): string {
  if (leaks.clean) return `leak check: nothing of ${leaks.deployment} is left`;
  return [
    `leak check: ${String(leaks.resources.length)} left of ${leaks.deployment}`,
    ...leaks.resources.map((found) => `  ${found.site}: ${found.kind} ${found.id}`),
    ...leaks.unanswered.map((site) => `  ${site.site} did not answer: ${site.message}`),
  ].join('\n');
}
