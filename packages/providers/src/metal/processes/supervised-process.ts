/**
 * A process of the boot service, kept running: DHCP, TFTP, boot listener. Each has an IPC channel to us, whose end ends it,
 * and nothing of our environment: it has no keys.
 *
 *   starting --ready--> running --ends--> waiting (a growing pause) --> starting        close: SIGTERM, then SIGKILL
 */
import { type ChildProcess, fork } from 'node:child_process';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';

export interface ProcessPlan {
  readonly name: string;
  /** The program's file. */
  readonly program: string;
  readonly args: readonly string[];
  /** Sockets that it inherits, as systemd hands them on (LISTEN_FDS): descriptors of ours, by name. */
  readonly sockets?: ReadonlyMap<string, number>;
  /** What it says over its channel; `answer` is heard by the very process that said it, if it still runs. */
  readonly heard: (message: unknown, answer: (message: object) => void) => void;
  /** A line of its stdout or stderr. */
  readonly said: (line: string) => void;
  /** It ended by itself; the next one is started after `delayMs`. `lines` are the last that it said. */
  readonly ended: (how: string, delayMs: number, lines: readonly string[]) => void;
  readonly backoff?: { readonly firstMs: number; readonly greatestMs: number; readonly stableMs: number };
}

export interface SupervisedProcess {
  pid(): number | null;
  /** False when it does not run just now. */
  signal(signal: NodeJS.Signals): boolean;
  close(): Promise<void>;
}

const usualBackoff = { firstMs: 500, greatestMs: 30_000, stableMs: 60_000 };
const graceMs = 5_000;
const keptLines = 20;

export function superviseProcess(plan: ProcessPlan): SupervisedProcess {
  const backoff = plan.backoff ?? usualBackoff;
  const stop = new AbortController();
  let current: ChildProcess | null = null;
  let quickEnds = 0;

  const live = async (): Promise<void> => {
    while (!stop.signal.aborted) {
      const startedMs = performance.now();
      const lines: string[] = [];
      const child = start(plan, lines);
      current = child;
      const how = await endOf(child);
      current = null;
      if (isAborted(stop.signal)) return;
      quickEnds = performance.now() - startedMs >= backoff.stableMs ? 1 : quickEnds + 1;
      const delayMs = Math.min(backoff.firstMs * 2 ** (quickEnds - 1), backoff.greatestMs);
      plan.ended(how, delayMs, lines);
      await pause(delayMs, undefined, { signal: stop.signal }).catch(() => undefined);
    }
  };
  const over = live();
  return {
    pid: () => current?.pid ?? null,
    signal: (signal) => current?.kill(signal) ?? false,
    close: async () => {
      stop.abort();
      current?.kill('SIGTERM');
      const timer = setTimeout(() => current?.kill('SIGKILL'), graceMs);
      await over;
      clearTimeout(timer);
    },
  };
}

const isAborted = (signal: AbortSignal): boolean => signal.aborted;

function start(plan: ProcessPlan, lines: string[]): ChildProcess {
  const sockets = [...(plan.sockets ?? new Map<string, number>())];
  const child = fork(plan.program, [...plan.args], {
    stdio: ['ignore', 'pipe', 'pipe', ...sockets.map(([, descriptor]) => descriptor), 'ipc'],
    serialization: 'advanced',
    env: environmentOf(sockets.map(([name]) => name)),
    // A Ctrl-C at the terminal is for us: we end it.
    detached: true,
  });
  for (const stream of [child.stdout, child.stderr]) {
    if (stream === null) continue;
    createInterface({ input: stream }).on('line', (line) => {
      lines.push(line.slice(0, 2_000));
      if (lines.length > keptLines) lines.shift();
      plan.said(line);
    });
  }
  child.on('message', (message) => {
    plan.heard(message, (answer) => {
      if (child.connected) child.send(answer, () => undefined);
    });
  });
  return child;
}

/** What node itself needs; no key, no database, no token. */
function environmentOf(names: readonly string[]): NodeJS.ProcessEnv {
  const { PATH, TZ, LANG, MALLOC_ARENA_MAX } = process.env;
  const own = Object.fromEntries(
    Object.entries({ PATH, TZ, LANG, MALLOC_ARENA_MAX }).filter(([, value]) => value !== undefined),
  );
  return names.length === 0 ? own : { ...own, LISTEN_FDS: String(names.length), LISTEN_FDNAMES: names.join(':') };
}

const endOf = (child: ChildProcess): Promise<string> =>
  new Promise((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('close', (code, signal) => resolve(signal === null ? `exit code ${String(code)}` : `signal ${signal}`));
  });
