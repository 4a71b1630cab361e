import type { Problem } from '../problem.ts';

/** Several groups and nodes meet the same problem of the content: it is told once. */
export function distinct(problems: readonly Problem[]): readonly Problem[] {
  const seen = new Map(problems.map((problem) => [`${problem.code} ${problem.path} ${problem.message}`, problem]));
  return [...seen.values()];
}
