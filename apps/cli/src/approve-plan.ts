import type { PlanResponse, RunResponse } from '@formwork/api';
import type { Session } from './session.ts';
import { expectSuccess } from './watch/finish.ts';
import { watchRun } from './watch/watch-run.ts';

export interface ApprovalOptions {
  /** Approved beforehand, by --yes. */
  readonly yes: boolean;
  /** Stays until the run has ended. */
  readonly wait: boolean;
  /** The command that approves, for who cannot be asked. */
  readonly again: string;
}

/** Whether a plan, once approved, would change anything at all. */
export const isEmptyPlan = (plan: PlanResponse): boolean =>
  plan.counts.actionsToRun === 0 && plan.specificationVersion === plan.committedVersion && plan.purpose === 'apply';

/** `3 of 29 node-roles run; 2 nodes created, 0 destroyed; 0 on nodes that are there`. */
export const planSummary = ({ counts }: PlanResponse): string =>
  `${String(counts.actionsToRun)} of ${String(counts.total)} to run; nodes: ${String(counts.nodesCreated)} created, ` +
  `${String(counts.nodesDestroyed)} destroyed; ${String(counts.onExistingNodes)} on nodes that are there`;

/** Asks, approves, and waits when told to. Null when nothing was approved. Throws `run-failed` as `--wait` sees it. */
export async function approvePlan(
  session: Session,
  plan: PlanResponse,
  options: ApprovalOptions,
): Promise<RunResponse | null> {
  if (!(options.yes || (await agreed(session, options.again)))) return null;
  const params = { name: plan.deployment, plan: plan.id };
  const started = await session.client.call('approvePlan', { params, signal: session.io.interrupted });
  if (!options.wait) return started;
  return (await watchRun(session, plan.deployment, started.id)) ?? started;
}

async function agreed(session: Session, again: string): Promise<boolean> {
  const { io } = session;
  if (!io.stdinIsTerminal || !io.err.isTerminal || session.format !== 'table') {
    session.note(`not approved; approve it with: ${again}`);
    return false;
  }
  const answer = await io.ask('Approve this plan? [y/N] ');
  return /^y(es)?$/i.test(answer.trim());
}

/** Prints what came of it, and fails when the run did. */
export function finishRun(session: Session, plan: PlanResponse, run: RunResponse | null, waited: boolean): void {
  if (run === null) {
    session.print({ plan, run }, '', plan.id);
    return;
  }
  const follow = waited ? '' : `; follow it with: formwork watch ${run.deployment}`;
  session.print(
    { plan, run },
    `run ${run.id} ${run.state}${run.message === '' ? '' : `: ${run.message}`}${follow}\n`,
    run.id,
  );
  if (waited) expectSuccess(run);
}
