/**
 * Builds an image: `main.js build NAME [options]`; what runs behind `formwork image build`. Exit codes: 0 built, 1 failed,
 * 2 wrong usage. Ends on SIGINT and SIGTERM, and takes what it was building with it.
 */
import { FormworkError } from '@formwork/core';
import { builders } from './builders.ts';
import { createRunTool } from './run-tool.ts';

const stop = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => stop.abort(new FormworkError('terminal', 'interrupted', 'interrupted')));
}
const log = (line: string): void => void process.stdout.write(`${line}\n`);
const [verb, name = '', ...args] = process.argv.slice(2);
const builder = Object.hasOwn(builders, name) ? builders[name] : undefined;

if (verb !== 'build' || builder === undefined) {
  const what = name === '' ? 'which image?' : `there is no image "${name}" to build.`;
  process.stderr.write(`error: ${what} One of: ${Object.keys(builders).join(', ')}\n`);
  process.exitCode = 2;
} else if (args.includes('--help')) {
  log(builder.usage);
} else {
  try {
    const run = createRunTool(log);
    await builder.build(args, { run, log, signal: stop.signal, env: process.env });
  } catch (error) {
    const invalid = error instanceof FormworkError && error.kind === 'invalid';
    process.stderr.write(`error: ${error instanceof Error ? error.message : String(error)}\n`);
    if (invalid) process.stderr.write(`${builder.usage}\n`);
    process.exitCode = invalid ? 2 : 1;
  }
}
