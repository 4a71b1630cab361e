import {
  type Actual,
  bindDeployment,
  type Bindings,
  bindTask,
  type Content,
  FormworkError,
  type SiteView,
  type Specification,
} from '@formwork/core';
import type { PlanHead } from '@formwork/db';

/** What a run binds: everything wanted, with the task where it is one. Null for a destroy, which wants nothing. */
export function bindRun(request: {
  readonly plan: Pick<PlanHead, 'purpose' | 'taskActions'>;
  readonly spec: Specification;
  readonly content: Content;
  readonly sites: readonly SiteView[];
  readonly actual: Actual;
}): Bindings | null {
  const { plan, spec, content, sites, actual } = request;
  if (plan.purpose === 'destroy') return null;
  if (plan.purpose === 'task') {
    const [first] = plan.taskActions;
    const nodes = plan.taskActions.flatMap((action) => action.node ?? []);
    const bound = bindTask({
      task: first?.role ?? '',
      nodes: nodes.length === 0 ? null : nodes,
      wanted: spec,
      actual,
      content,
      sites,
    });
    if (bound.bindings === null) throw unbindable(bound.problems);
    return {
      ...bound.bindings,
      byKey: new Map([...bound.bindings.byKey, ...bound.tasks.map((task) => [task.key, task] as const)]),
    };
  }
  const { bindings, problems } = bindDeployment({ spec, content, sites, actual });
  if (bindings === null || problems.length > 0) throw unbindable(problems);
  return bindings;
}

const unbindable = (problems: readonly { readonly message: string }[]): FormworkError =>
  new FormworkError('terminal', 'unbindable', problems.map((problem) => problem.message).join('; '));
