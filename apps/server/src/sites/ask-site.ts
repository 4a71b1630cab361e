import { FormworkError, isJsonObject, type JsonObject } from '@formwork/core';
import { askSite, listWorkers, readSiteTask, type SiteTask, type SiteTaskKind } from '@formwork/db';
import type { ServerDeps } from '../deps.ts';
import { waitForEvent } from '../events/wait-for-event.ts';

export interface Question {
  readonly site: { readonly id: string; readonly name: string };
  readonly kind: SiteTaskKind;
  readonly params: JsonObject;
  readonly actor: string;
}

/** Puts a question to a site; a worker that serves it answers in its own time. Gives the task's id. */
export async function ask(deps: Pick<ServerDeps, 'db' | 'newId'>, question: Question): Promise<string> {
  const { site, kind, params, actor } = question;
  const id = deps.newId();
  await deps.db.transaction((tx) => askSite(tx, { id, siteId: site.id, kind, params, actor }));
  return id;
}

/** Whether a live worker says that it serves the site. */
export async function isServed(deps: Pick<ServerDeps, 'db'>, siteName: string): Promise<boolean> {
  const workers = await listWorkers(deps.db);
  return workers.some((worker) => worker.alive && (worker.sites.length === 0 || worker.sites.includes(siteName)));
}

/** The answer, or null when none came in time. Where no worker serves the site it is not waited for. */
export async function askAndWait(
  deps: ServerDeps,
  question: Question,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<SiteTask | null> {
  const id = await ask(deps, question);
  return answerTo(deps, id, timeoutMs, signal);
}

export const answerTo = (
  deps: Pick<ServerDeps, 'db' | 'feed'>,
  taskId: string,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<SiteTask | null> =>
  waitForEvent(deps.feed, {
    concerns: (event) => event.kind.startsWith('site-task.') && event.data['id'] === taskId,
    look: async () => {
      const task = await readSiteTask(deps.db, taskId);
      return task === null || task.state === 'asked' ? null : task;
    },
    timeoutMs,
    signal,
  });

/**
 * A site's answer, for routes that are nothing without it. Throws `retryable` `unavailable` when no worker serves the
 * site or none answered in time, and the worker's own refusal by its code.
 */
export async function requireAnswer(
  deps: ServerDeps,
  question: Question,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<JsonObject> {
  // A worker that is just starting gets a moment to say so.
  const patience = (await isServed(deps, question.site.name)) ? timeoutMs : deps.limits.workerPatienceMs;
  const task = await askAndWait(deps, question, Math.min(patience, timeoutMs), signal);
  if (task === null) throw noWorker(question.site.name);
  const result = isJsonObject(task.result) ? task.result : {};
  if (task.state === 'done') return result;
  const code = typeof result['code'] === 'string' ? result['code'] : 'site-failed';
  const message = typeof result['message'] === 'string' ? result['message'] : 'the site could not be asked';
  const kind = code === 'no-power' || code === 'no-console' ? 'invalid' : 'retryable';
  throw new FormworkError(kind, code, message);
}

const noWorkerProblem = (siteName: string) => ({
  code: 'no-worker',
  path: '$',
  message: `no worker answered for site ${siteName}`,
  remedy: `start a worker that serves it (formwork up, or FORMWORK_WORKER_SITES=${siteName}) and try again`,
});

function noWorker(siteName: string): FormworkError {
  const problem = noWorkerProblem(siteName);
  return new FormworkError('retryable', 'unavailable', `${problem.message}; ${problem.remedy}`, {
    details: { problems: [problem] },
  });
}
