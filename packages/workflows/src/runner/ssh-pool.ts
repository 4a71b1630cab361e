import { createHash } from 'node:crypto';
import { FormworkError } from '@formwork/core';
import type { ClientChannel } from 'ssh2';
import type { ScriptTarget } from './script-launch.ts';
import { openConnection } from './ssh-connection.ts';
import type { ConnectionTimes, SshConnection } from './ssh-connection.ts';

export interface SshPoolOptions extends ConnectionTimes {
  /** sshd allows 10 sessions a connection by default; two stay free. */
  readonly channelsPerConnection: number;
  readonly connectionsPerTarget: number;
  /** A connection without channels is closed after this long. */
  readonly idleMs: number;
}

/** A channel and its way back into the pool. */
export interface PooledChannel {
  readonly channel: ClientChannel;
  /** Call once; closes the channel too. */
  release(): void;
}

/** Connections by target, each shared by several channels. */
export interface SshPool {
  /**
   * Waits for a free channel. `urgent` (an abort) does not wait in line: it opens one more connection if it must.
   * Fails as `openConnection` does, or with the signal's reason.
   */
  exec(
    target: ScriptTarget,
    command: string,
    options: { signal: AbortSignal; urgent?: boolean },
  ): Promise<PooledChannel>;
  /** How much is open to a target now. */
  usage(target: ScriptTarget): { readonly connections: number; readonly channels: number };
  close(): Promise<void>;
}

interface Line {
  readonly ready: Promise<SshConnection>;
  connection: SshConnection | null;
  channels: number;
  capacity: number;
  idle: NodeJS.Timeout | null;
}
interface Place {
  readonly lines: Set<Line>;
  readonly waiting: (() => void)[];
}

export function createSshPool(options: SshPoolOptions): SshPool {
  const places = new Map<string, Place>();
  let closed = false;

  const placeOf = (target: ScriptTarget): Place => {
    const key = targetKey(target);
    const place = places.get(key) ?? { lines: new Set<Line>(), waiting: [] };
    places.set(key, place);
    return place;
  };

  const drop = (key: string, place: Place, line: Line): void => {
    if (line.idle !== null) clearTimeout(line.idle);
    place.lines.delete(line);
    if (place.lines.size === 0 && place.waiting.length === 0 && places.get(key) === place) places.delete(key);
    // Everybody looks again: there is room for a new connection.
    for (const wake of place.waiting.splice(0)) wake();
  };

  const openLine = (target: ScriptTarget, place: Place): Line => {
    const key = targetKey(target);
    const ready = openConnection(target, options);
    const line: Line = { ready, connection: null, channels: 0, capacity: options.channelsPerConnection, idle: null };
    place.lines.add(line);
    ready.then(
      (connection) => {
        line.connection = connection;
        connection.onClose(() => drop(key, place, line));
        if (closed) connection.close();
      },
      () => drop(key, place, line),
    );
    return line;
  };

  /** Takes a slot on a line that has one, also on a line still being opened; null when all is full. */
  const reserve = (target: ScriptTarget, place: Place, urgent: boolean): Line | null => {
    let line = [...place.lines].find((one) => one.channels < one.capacity) ?? null;
    if (line === null && (urgent || place.lines.size < options.connectionsPerTarget)) line = openLine(target, place);
    if (line === null) return null;
    line.channels += 1;
    if (line.idle !== null) clearTimeout(line.idle);
    line.idle = null;
    return line;
  };

  const release = (place: Place, line: Line): void => {
    line.channels -= 1;
    place.waiting.shift()?.();
    if (line.channels > 0 || line.connection?.isOpen !== true) return;
    line.idle = setTimeout(() => line.connection?.close(), options.idleMs);
    line.idle.unref();
  };

  return {
    async exec(target, command, { signal, urgent = false }) {
      for (;;) {
        signal.throwIfAborted();
        if (closed) throw new FormworkError('retryable', 'unreachable', 'the connection pool is closed');
        const place = placeOf(target);
        const line = reserve(target, place, urgent);
        if (line === null) {
          await turn(place, signal);
          continue;
        }
        let settled = false;
        const giveBack = (): void => {
          if (!settled) release(place, line);
          settled = true;
        };
        try {
          const connection = await unlessAborted(line.ready, signal);
          const opening = connection.exec(command);
          const channel = await unlessAborted(opening, signal).catch((error: unknown) => {
            // Nobody will use it: a channel that opens after all is closed again.
            opening.then(
              (late) => late.close(),
              () => undefined,
            );
            throw error;
          });
          return {
            channel,
            release: () => {
              channel.close();
              giveBack();
            },
          };
        } catch (error) {
          const refused = error instanceof FormworkError && error.code === 'channel-refused';
          // The server allows fewer sessions than we thought: remember it, and take another connection.
          if (refused && line.channels > 1) line.capacity = line.channels - 1;
          const again = refused && line.channels > 1;
          giveBack();
          if (!again) throw error;
        }
      }
    },
    usage(target) {
      const lines = [...(places.get(targetKey(target))?.lines ?? [])];
      return { connections: lines.length, channels: lines.reduce((sum, line) => sum + line.channels, 0) };
    },
    async close() {
      closed = true;
      const lines = [...places.values()].flatMap((place) => [...place.lines]);
      for (const line of lines) line.connection?.close();
      await Promise.allSettled(lines.map((line) => line.ready));
    },
  };
}

/** The key is part of it: after a rotation the old connections are not used any more. */
function targetKey(target: ScriptTarget): string {
  return createHash('sha256')
    .update(JSON.stringify([target.host, target.port, target.user, target.hostKey, target.privateKey]))
    .digest('hex');
}

function turn(place: Place, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const wake = (): void => {
      signal.removeEventListener('abort', leave);
      resolve();
    };
    const leave = (): void => {
      const at = place.waiting.indexOf(wake);
      if (at >= 0) place.waiting.splice(at, 1);
      reject(reasonOf(signal));
    };
    signal.addEventListener('abort', leave, { once: true });
    place.waiting.push(wake);
  });
}

/** The work goes on when the signal fires; only we stop waiting for it. */
export function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const leave = (): void => reject(reasonOf(signal));
    if (signal.aborted) leave();
    signal.addEventListener('abort', leave, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', leave));
  });
}

function reasonOf(signal: AbortSignal): Error {
  const reason: unknown = signal.reason;
  return reason instanceof Error ? reason : new Error('aborted');
}
