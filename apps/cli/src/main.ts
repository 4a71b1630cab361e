#!/usr/bin/env node
import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { createProcessIo } from './process-io.ts';
import { runCommand } from './run-command.ts';

/** The only place that reads the process: arguments, environment, signals, exit code. */
const interrupted = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => {
    // Asked twice, whoever asks means it.
    if (interrupted.signal.aborted && signal === 'SIGINT') process.exit(130);
    interrupted.abort(new Error('interrupted'));
  });
}
// A reader that is gone (`formwork events -f | head`) ends us as Ctrl-C does, so that `up` still stops its children.
process.stdout.on('error', () => {
  interrupted.abort(new Error('nobody reads the output'));
});

const manifest: unknown = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
const { version } = z.object({ version: z.string() }).parse(manifest);

process.exitCode = await runCommand(process.argv.slice(2), createProcessIo(interrupted.signal), version);
