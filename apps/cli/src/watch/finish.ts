import { FormworkError, type RunResponse } from '@formwork/api';

/** Throws `run-failed`, exit code 6, unless the run has succeeded. */
export function expectSuccess(run: RunResponse): void {
  if (run.state === 'succeeded') return;
  throw new FormworkError(
    'terminal',
    'run-failed',
    `the ${run.purpose} of ${run.deployment} ended as ${run.state}: ${run.message}`,
  );
}
