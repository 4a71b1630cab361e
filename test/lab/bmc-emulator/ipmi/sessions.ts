import { randomInt } from 'node:crypto';
import type { Answered } from './server-message.ts';
import type { Protection, ServerSuite } from './server-crypto.ts';

/** A slot of the BMC: opened -> challenged (RAKP 2 sent) -> active (RAKP 4 sent). */
export interface ServerSession {
  readonly bmcId: number;
  readonly consoleId: number;
  readonly suite: ServerSuite;
  usedAtMs: number;
  challenge: {
    readonly consoleRandom: Buffer;
    readonly bmcRandom: Buffer;
    readonly role: number;
    readonly user: Buffer;
  } | null;
  protection: Protection | null;
  privilege: number;
  sequenceIn: number;
  sequenceOut: number;
  /** The last command and its answer: a repeated one is answered again, not carried out again. */
  last: { readonly key: string; readonly answer: Answered } | null;
}

export interface Sessions {
  open(consoleId: number, suite: ServerSuite): ServerSession | null;
  get(bmcId: number): ServerSession | null;
  close(bmcId: number): boolean;
  closeAll(): void;
  /** Slots in use, half-open ones too. */
  count(): number;
}

export interface SessionLimits {
  readonly slots: number;
  /** A slot is freed when set-up stops half-way, and when nothing comes within a session. */
  readonly halfOpenMs: number;
  readonly idleMs: number;
}

export function createSessions({ slots, halfOpenMs, idleMs }: SessionLimits, now: () => number): Sessions {
  const sessions = new Map<number, ServerSession>();
  const expire = (): void => {
    for (const [id, { usedAtMs, protection }] of sessions) {
      if (now() - usedAtMs > (protection === null ? halfOpenMs : idleMs)) sessions.delete(id);
    }
  };
  return {
    open(consoleId, suite) {
      expire();
      // A console that asks again with the same id lost our answer: it gets its slot back.
      for (const session of sessions.values()) {
        if (session.consoleId === consoleId && session.challenge === null) return session;
      }
      if (sessions.size >= slots) return null;
      const bmcId = randomInt(1, 0xffff_ffff);
      const session: ServerSession = {
        bmcId,
        consoleId,
        suite,
        usedAtMs: now(),
        challenge: null,
        protection: null,
        privilege: 2,
        sequenceIn: 0,
        sequenceOut: 0,
        last: null,
      };
      sessions.set(bmcId, session);
      return session;
    },
    get(bmcId) {
      expire();
      const session = sessions.get(bmcId);
      if (session === undefined) return null;
      session.usedAtMs = now();
      return session;
    },
    close: (bmcId) => sessions.delete(bmcId),
    closeAll: () => sessions.clear(),
    count: () => {
      expire();
      return sessions.size;
    },
  };
}
