import { runEnded } from '@formwork/api';
import { auditedDatabase } from '@formwork/db';
import { proposeTask } from '@formwork/workflows';
import { requireSites } from '../auth/caller.ts';
import type { ServerDeps } from '../deps.ts';
import { auditEntry } from '../http/audit.ts';
import { refuseForeignSecrets } from '../http/foreign-secrets.ts';
import type { Handlers } from '../http/handler.ts';
import { invalidContent } from '../http/problems.ts';
import { waitForRun } from '../http/wait-for-run.ts';
import { findLiving } from './find-deployment.ts';
import { approveAs } from './plans.ts';
import type { RunReader } from './read-run.ts';

export function taskHandlers(deps: ServerDeps & { readonly runs: RunReader }): Pick<Handlers, 'runTask'> {
  return {
    runTask: async ({ params, query, body, caller, signal }) => {
      const { name } = params;
      const deployment = await findLiving(deps, name);
      refuseForeignSecrets(body.params, ['params'], null);
      requireSites(caller, new Set(deployment.specification?.groups.map((group) => group.site) ?? []));
      const db = auditedDatabase(deps.db, () =>
        auditEntry(caller, 'task.run', `deployment:${name}`, null, {
          role: body.role,
          params: Object.keys(body.params),
        }),
      );
      const proposed = await proposeTask(
        { ...deps, db },
        { name, task: body.role, nodes: null, params: body.params, actor: caller.actor },
      );
      if (!proposed.ok) throw invalidContent('the task', proposed.problems);
      const { planId, deploymentId, specificationVersion, params: taskParams } = proposed.value;
      const plan = { id: planId, deploymentId, deployment: name, specificationVersion };
      const runId = await approveAs(deps, caller, plan, taskParams);
      const run = await waitForRun({ feed: deps.feed, readRun: deps.runs.read }, runId, query.wait, signal);
      return { status: runEnded(run.state) ? 200 : 202, body: run };
    },
  };
}
