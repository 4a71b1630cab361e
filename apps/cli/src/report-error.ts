import { FormworkError, problemsOf } from '@formwork/api';
import type { Paint } from './output/paint.ts';

/** What to do next, by code; a problem's own remedy comes first and stands with it. */
const nextSteps: Readonly<Record<string, string>> = {
  'server-unreachable': 'start one with "formwork up", or say where it is with --url or FORMWORK_URL',
  unauthenticated: 'set FORMWORK_TOKEN or --token-file; "formwork up" prints the first token',
  forbidden: 'use a token with a greater role or a wider scope; "formwork token list" shows yours',
  'not-found': 'see what there is with "formwork get deployments|nodes|sites|..."',
  'plan-stale': 'something changed meanwhile; run the same command again for a new plan',
  'precondition-failed': 'someone else changed it; look again and repeat',
  'no-live-run': 'see the runs with "formwork get runs -d <deployment>"',
  'being-destroyed': 'wait for the destruction to end, then apply again',
  'rate-limited': 'wait a little and repeat',
  'bad-response': 'compare the versions with "formwork version"',
  'run-failed':
    'see why with "formwork why <node-role>" and "formwork logs <node-role>", then "formwork retry <node-role>"',
};

/** An error as lines for stderr: what happened, every problem with its place, what to do next. */
export function renderError(error: unknown, paint: Paint): string {
  if (!(error instanceof FormworkError)) {
    const text = error instanceof Error ? error.message : String(error);
    return `${paint.red('error:')} ${text}\n`;
  }
  const lines = [`${paint.red('error:')} ${error.message}`];
  for (const problem of problemsOf(error)) {
    const place =
      problem.file === undefined
        ? ''
        : `${problem.file}${problem.line === undefined ? '' : `:${problem.line}:${problem.column ?? 1}`} `;
    lines.push(`  ${paint.bold(place + problem.path)}: ${problem.message}`);
    if (problem.remedy !== undefined) lines.push(`    ${paint.dim('remedy:')} ${problem.remedy}`);
  }
  const next = nextSteps[error.code];
  if (next !== undefined) lines.push(`${paint.dim('next:')} ${next}`);
  return `${lines.join('\n')}\n`;
}
