import { FormworkError } from '@formwork/api';

/** The documented exit codes; scripts branch on them. */
export const exitCodes = {
  ok: 0,
  failed: 1,
  usage: 2,
  notFound: 3,
  denied: 4,
  conflict: 5,
  runFailed: 6,
  interrupted: 130,
} as const;

export const exitCodeHelp = `
Exit codes:
  0 done   1 failed   2 wrong usage or input   3 not found   4 not allowed
  5 conflict   6 the run failed   130 interrupted`;

export function exitCodeOf(error: unknown): number {
  if (!(error instanceof FormworkError)) return exitCodes.failed;
  if (error.code === 'run-failed') return exitCodes.runFailed;
  switch (error.kind) {
    case 'invalid':
      return exitCodes.usage;
    case 'not-found':
      return exitCodes.notFound;
    case 'denied':
      return exitCodes.denied;
    case 'conflict':
      return exitCodes.conflict;
    case 'retryable':
    case 'terminal':
    case 'internal':
      return exitCodes.failed;
  }
}
