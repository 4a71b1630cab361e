import type { BootSession, BootSessionStore } from './boot-session.ts';

/** Sessions of this process, gone with it: for tests, and as the model of what a store has to do. */
export function createMemorySessions(): BootSessionStore {
  const sessions = new Map<string, BootSession>();
  return {
    add: (tokenHash, session) => {
      for (const [hash, { nodeId, state }] of sessions) {
        if (nodeId === session.nodeId && state === 'open') sessions.delete(hash);
      }
      sessions.set(tokenHash, session);
      return Promise.resolve();
    },
    find: (tokenHash) => Promise.resolve(sessions.get(tokenHash) ?? null),
    change: (tokenHash, from, to) => {
      const changes = sessions.get(tokenHash)?.state === from;
      if (changes) sessions.set(tokenHash, to);
      return Promise.resolve(changes);
    },
  };
}
