// The command line of `npm test`.
import { parseArgs } from 'node:util';

const usage = `usage: npm test -- [--only SUITE[,SUITE...]] [--list] [file pattern ...]
  --only   run these suites alone; "integration" is all that begin with it
  --list   name the suites and end
File patterns are handed to vitest: only test files whose path contains one of them run.`;

/** @returns {{ only: readonly string[], filters: readonly string[], list: boolean } | { problem: string }} */
export function parseTestArguments(argv, names) {
  try {
    const { values, positionals } = parseArgs({
      args: argv,
      allowPositionals: true,
      options: {
        only: { type: 'string', multiple: true, default: [] },
        list: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
      },
    });
    if (values.help) return { problem: usage };
    const only = values.only.flatMap((list) => list.split(',')).filter(Boolean);
    const unknown = only.filter((wanted) => !names.some((name) => suiteMatches(name, wanted)));
    if (unknown.length > 0)
      return { problem: `no suite is called ${unknown.join(', ')}; there are: ${names.join(', ')}` };
    return { only, filters: positionals, list: values.list };
  } catch (error) {
    return { problem: `${error.message}\n${usage}` };
  }
}

/** `integration` matches `integration-redis`. */
export const suiteMatches = (name, wanted) => name === wanted || name.startsWith(`${wanted}-`);
