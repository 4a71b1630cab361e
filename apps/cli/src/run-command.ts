import { CommanderError } from 'commander';
import { exitCodeOf, exitCodes } from './exit-code.ts';
import type { Io } from './io.ts';
import { createPaint, wantsColours } from './output/paint.ts';
import { createProgram } from './program.ts';
import { renderError } from './report-error.ts';

/** Runs one command line and answers with its exit code. Says on stderr what went wrong, and what to do next. */
export async function runCommand(args: readonly string[], io: Io, version: string): Promise<number> {
  try {
    await createProgram(io, version).parseAsync([...args], { from: 'user' });
    // What follows until it is interrupted ends as interrupted; `up` is stopped that way, and well.
    return io.interrupted.aborted && args[0] !== 'up' ? exitCodes.interrupted : exitCodes.ok;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.ok : exitCodes.usage;
    if (io.interrupted.aborted) return exitCodes.interrupted;
    io.err.write(renderError(error, createPaint(wantsColours(io.err.isTerminal, io.env))));
    return exitCodeOf(error);
  }
}
