import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { z } from 'zod';
import { until } from '../../support/until.ts';

/** The embedded PostgreSQL as `formwork up` runs it: a supervisor in a process of its own, and postgres below it. */
export interface PostgresProcess {
  /** Holds the password. The same after a restart. */
  readonly url: string;
  /** SIGKILL of postgres itself; its supervisor starts it again. */
  killServer(): void;
  /** SIGKILL of the supervisor and of postgres; `start` brings them back. */
  killBoth(): Promise<void>;
  start(): Promise<void>;
  stop(): Promise<void>;
}

const announced = z.object({ url: z.string().min(1) });

export async function startPostgresProcess(options: {
  readonly program: string;
  readonly dataDirectory: string;
  readonly outputDirectory: string;
}): Promise<PostgresProcess> {
  let child: ChildProcess | null = null;
  const spawnIt = async (): Promise<string> => {
    const output = openSync(path.join(options.outputDirectory, 'postgres.log'), 'a');
    const spawned = spawn(process.execPath, [options.program, '--data', options.dataDirectory], {
      env: { PATH: process.env['PATH'] ?? '', FORMWORK_TEST_RUN: process.env['FORMWORK_TEST_RUN'] ?? '' },
      stdio: ['pipe', 'pipe', output],
    });
    closeSync(output);
    child = spawned;
    const { stdin, stdout } = spawned;
    if (stdin === null || stdout === null) throw new Error('its streams are not pipes');
    stdin.on('error', () => undefined);
    for await (const line of createInterface({ input: stdout })) {
      const { url } = announced.parse(JSON.parse(line));
      return url;
    }
    throw new Error('the embedded PostgreSQL ended before it answered');
  };
  const postmaster = (): number | null => {
    try {
      const [first = ''] = readFileSync(path.join(options.dataDirectory, 'cluster/postmaster.pid'), 'utf8').split('\n');
      return Number(first) > 1 ? Number(first) : null;
    } catch {
      return null; // It is just being started.
    }
  };
  const killServer = (): void => {
    const pid = postmaster();
    try {
      // The file outlives a killed postgres: its pid may be somebody else's by now.
      if (pid !== null && readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(options.dataDirectory))
        process.kill(pid, 'SIGKILL');
    } catch {
      // Killed before, and not yet back.
    }
  };
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    const one = child;
    if (one === null || one.exitCode !== null || one.signalCode !== null) return;
    const ended = once(one, 'exit');
    one.kill(signal);
    await ended;
  };
  const url = await spawnIt();
  return {
    url,
    killServer,
    async killBoth() {
      await end('SIGKILL');
      killServer();
    },
    async start() {
      const again = await spawnIt();
      if (again !== url) throw new Error('PostgreSQL came back on another port');
    },
    async stop() {
      await end('SIGTERM');
      await until('postgres is gone', () => postmaster() === null);
    },
  };
}
