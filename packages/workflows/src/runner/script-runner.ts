/**
 * Runs attempts on nodes and survives everything in between: a cut connection is attached again from the byte that was
 * heard last, another worker attaches to what this one started, and only the node decides what became of an attempt.
 *
 * ```
 * exec -> need? -> started | attached -> log ... -> end         one exec when nothing goes wrong
 *   ^                    |
 *   +-- channel broke ---+      until the grace time is over: unreachable
 * ```
 */
import { Buffer } from 'node:buffer';
import { setTimeout as delay } from 'node:timers/promises';
import { FormworkError } from '@formwork/core';
import { converse } from './conversation.ts';
import type { Said } from './conversation.ts';
import { createLogStream } from './log-stream.ts';
import { createRedactor } from './redactor.ts';
import { scriptArchive } from './script-archive.ts';
import type { RunOptions, ScriptLaunch, ScriptResult, ScriptTarget } from './script-launch.ts';
import { scriptResult } from './script-result.ts';
import { secretValues } from './secret-paths.ts';
import { createSshPool, unlessAborted } from './ssh-pool.ts';
import type { SshPool, SshPoolOptions } from './ssh-pool.ts';
import { abortCommand, forgetCommand, runCommand } from './supervisor-command.ts';
import { loadSupervisor } from './supervisor-source.ts';

export interface ScriptRunnerOptions extends SshPoolOptions {
  /** How long a started attempt may be out of reach before it counts as unreachable. */
  readonly reconnectGraceMs: number;
  /** The node enforces the time limit; this much later the worker does. */
  readonly timeoutGraceMs: number;
  /** Between two tries to connect. */
  readonly retryMs: number;
}

export interface ScriptRunner {
  /**
   * Starts the attempt, or attaches to it when the node knows it, and follows it to its end. A repeat after `not-yet`
   * with a higher fence goes on at the step that said so. Rejects only with `options.signal`'s reason, or with
   * FormworkError `invalid` for a launch that cannot be sent; the attempt is then still running, or never started.
   */
  runScript(launch: ScriptLaunch, target: ScriptTarget, options: RunOptions): Promise<ScriptResult>;
  /** Kills every process of the attempt. `gone` is proof; `unreachable` also says that something would not die. */
  abortAttempt(attemptId: string, target: ScriptTarget, signal?: AbortSignal): Promise<'gone' | 'unreachable'>;
  /**
   * Erases the outputs of an ended attempt on its node, once they are stored. Without it they stay in tmpfs, for root
   * alone, until the node-role's next attempt. False when the node could not be told.
   */
  forgetOutputs(attemptId: string, target: ScriptTarget, signal?: AbortSignal): Promise<boolean>;
  usage: SshPool['usage'];
  /** Closes all connections; attempts go on on their nodes. */
  close(): Promise<void>;
}

const defaults: ScriptRunnerOptions = {
  connectTimeoutMs: 10_000,
  keepaliveMs: 10_000,
  channelsPerConnection: 8,
  connectionsPerTarget: 8,
  idleMs: 60_000,
  reconnectGraceMs: 60_000,
  timeoutGraceMs: 30_000,
  retryMs: 500,
};

export function createScriptRunner(overrides: Partial<ScriptRunnerOptions> = {}): ScriptRunner {
  const settings = { ...defaults, ...overrides };
  const supervisor = loadSupervisor();
  const pool = createSshPool(settings);

  /** One channel from its opening to its last frame. */
  const speak = async (
    target: ScriptTarget,
    command: string,
    deps: Omit<Parameters<typeof converse>[1], 'supervisor'> & { readonly urgent?: boolean },
  ): Promise<Said> => {
    const lease = await pool.exec(target, command, { signal: deps.signal, urgent: deps.urgent ?? false });
    try {
      return await converse(lease.channel, { ...deps, supervisor });
    } finally {
      lease.release();
    }
  };

  const abortAttempt = async (
    attemptId: string,
    target: ScriptTarget,
    signal?: AbortSignal,
    claim: Pick<ScriptLaunch, 'nodeRoleId' | 'fence'> | null = null,
  ): Promise<'gone' | 'unreachable'> => {
    const command = abortCommand(supervisor, attemptId, target, claim);
    const giveUpAt = performance.now() + settings.connectTimeoutMs;
    const limit = AbortSignal.timeout(settings.connectTimeoutMs + 60_000);
    const either = signal === undefined ? limit : AbortSignal.any([signal, limit]);
    do {
      try {
        const nothing = { archive: () => Buffer.alloc(0), onLog: () => undefined };
        const said = await speak(target, command, { ...nothing, signal: either, urgent: true });
        if (said.last?.[0] === 'gone') return 'gone';
        await delay(settings.retryMs, undefined, { signal: either });
      } catch (error) {
        if (either.aborted) return 'unreachable';
        if (!isRetryable(error)) return 'unreachable';
        await delay(settings.retryMs);
      }
    } while (performance.now() < giveUpAt);
    return 'unreachable';
  };

  /** Follows the attempt over as many channels as it takes. */
  const follow = async (
    launch: ScriptLaunch,
    target: ScriptTarget,
    options: RunOptions,
    signal: AbortSignal,
  ): Promise<ScriptResult> => {
    const redactor = createRedactor(secretValues(launch.inputs, launch.secretPaths));
    const fromOffset = options.fromOffset ?? 0;
    const log = createLogStream({ redactor, fromOffset, onLog: options.onLog ?? (() => undefined) });
    let heard = fromOffset;
    let started = options.attachOnly ?? false;
    let outOfReachSince: number | null = null;
    let trouble: string;
    for (;;) {
      try {
        const command = runCommand(supervisor, launch, target, { offset: heard, attachOnly: started });
        const said = await speak(target, command, {
          archive: (withBundle) => scriptArchive(launch, withBundle),
          onLog: (offset, bytes) => {
            log.push(offset, bytes);
            heard = offset + bytes.length;
          },
          signal,
        });
        if (said.last !== null) {
          log.end();
          return scriptResult(launch, said, said.last, { redactor, logTail: log.tail });
        }
        if (said.started) outOfReachSince = null;
        started ||= said.started;
        trouble = redactor.redact(said.stderr.trim()) || 'the connection broke';
        if (!started && said.exitCode !== null && said.exitCode !== 0) {
          return { kind: 'failed', step: 'supervisor', exitCode: said.exitCode, message: trouble };
        }
      } catch (error) {
        if (signal.aborted || !(error instanceof FormworkError)) throw error;
        if (error.code === 'host-key-changed') return { kind: 'host-key-changed', message: error.message };
        if (error.kind === 'invalid') throw error;
        if (launch.fromBootId !== null && !started) {
          return { kind: 'not-yet', retryAfterMs: 2000, why: 'the node is restarting and does not answer yet' };
        }
        if (error.code === 'ssh-denied') return { kind: 'unreachable', message: error.message };
        trouble = error.message;
      }
      const now = performance.now();
      outOfReachSince ??= now;
      const graceMs = started ? settings.reconnectGraceMs : settings.connectTimeoutMs;
      if (now - outOfReachSince >= graceMs) {
        log.end();
        return { kind: 'unreachable', message: `${target.host}:${target.port} is out of reach: ${trouble}` };
      }
      await delay(settings.retryMs, undefined, { signal });
    }
  };

  return {
    async runScript(launch, target, options) {
      options.signal.throwIfAborted();
      const inner = new AbortController();
      let why: 'detached' | 'aborted' | 'timeout' = 'detached';
      const leave = (): void => inner.abort(options.signal.reason);
      const kill = (): void => {
        why = 'aborted';
        inner.abort();
      };
      options.signal.addEventListener('abort', leave, { once: true });
      options.abort?.addEventListener('abort', kill, { once: true });
      const timer = setTimeout(() => {
        why = 'timeout';
        inner.abort();
      }, launch.timeoutMs + settings.timeoutGraceMs);
      if (options.abort?.aborted === true) kill();
      try {
        return await follow(launch, target, options, inner.signal);
      } catch (error) {
        if (!inner.signal.aborted || isDetached(why)) throw error;
        const proof = await unlessAborted(abortAttempt(launch.attemptId, target, undefined, launch), options.signal);
        if (proof === 'unreachable') return { kind: 'unreachable', message: 'it could not be proved that it is gone' };
        if (isAborted(why)) return { kind: 'aborted' };
        return { kind: 'timeout', message: `it did not end within ${launch.timeoutMs} ms and was killed` };
      } finally {
        clearTimeout(timer);
        options.signal.removeEventListener('abort', leave);
        options.abort?.removeEventListener('abort', kill);
      }
    },
    abortAttempt: (attemptId, target, signal) => abortAttempt(attemptId, target, signal),
    async forgetOutputs(attemptId, target, signal) {
      const limit = AbortSignal.timeout(settings.connectTimeoutMs);
      const either = signal === undefined ? limit : AbortSignal.any([signal, limit]);
      try {
        const nothing = { archive: () => Buffer.alloc(0), onLog: () => undefined };
        const said = await speak(target, forgetCommand(supervisor, attemptId, target), { ...nothing, signal: either });
        return said.last?.[0] === 'gone';
      } catch {
        // The next attempt of the node-role does it.
        return false;
      }
    },
    usage: (target) => pool.usage(target),
    close: () => pool.close(),
  };
}

const isRetryable = (error: unknown): boolean => error instanceof FormworkError && error.kind === 'retryable';
// Set by listeners, which the compiler does not follow: the parameter gives the full type back.
const isDetached = (why: 'detached' | 'aborted' | 'timeout'): boolean => why === 'detached';
const isAborted = (why: 'detached' | 'aborted' | 'timeout'): boolean => why === 'aborted';
