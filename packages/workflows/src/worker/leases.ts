import { beat, beatMs, type Database, leaseMs, type Log } from '@formwork/db';

/** What a step under lease listens to. */
export interface Lease {
  /** Fires when the lease is not ours any more, or when the worker stops: let go, change nothing. */
  readonly gone: AbortSignal;
  /** Fires when somebody asked for the step to be killed. */
  readonly abort: AbortSignal;
  release(): void;
}

export interface LeaseKeeper {
  /** `abort`: it was asked to stop before it was claimed. */
  hold(nodeRoleId: string, fence: number, abort: boolean): Lease;
  /** How many are held. */
  size(): number;
  /** Lets go of all; their steps run on, on their nodes. */
  close(): void;
}

const stopping = 'the worker stops';

interface Held {
  readonly fence: number;
  readonly gone: AbortController;
  readonly abort: AbortController;
}

/** Renews all leases of this worker with one statement every beat. */
export function startLeaseKeeper(deps: {
  readonly db: Database;
  readonly worker: string;
  readonly log: Log;
  readonly now: () => number;
}): LeaseKeeper {
  const held = new Map<string, Held>();
  let lastBeatMs = deps.now();
  let beating = false;
  let closed = false;

  const tick = async (): Promise<void> => {
    if (beating) return;
    beating = true;
    try {
      const asked = [...held].map(([nodeRoleId, { fence }]) => ({ nodeRoleId, fence }));
      const answer = await deps.db.transaction((tx) => beat(tx, deps.worker, asked));
      lastBeatMs = deps.now();
      for (const one of answer.lost)
        if (held.get(one)?.fence === asked.find((a) => a.nodeRoleId === one)?.fence)
          letGo(one, 'the lease went to another worker');
      for (const one of answer.abort) held.get(one)?.abort.abort();
    } catch (error) {
      deps.log.warn({ error: String(error) }, 'a heartbeat failed; the next one follows');
      // Without a beat for a whole lease another worker may hold them by now.
      if (deps.now() - lastBeatMs > leaseMs)
        for (const one of [...held.keys()]) letGo(one, 'the lease ran out unrenewed');
    } finally {
      beating = false;
    }
  };
  const letGo = (nodeRoleId: string, why: string): void => {
    const lease = held.get(nodeRoleId);
    held.delete(nodeRoleId);
    lease?.gone.abort(new Error(why));
  };
  const timer = setInterval(() => void tick(), beatMs);

  return {
    hold(nodeRoleId, fence, abort) {
      const mine: Held = { fence, gone: new AbortController(), abort: new AbortController() };
      held.set(nodeRoleId, mine);
      if (abort) mine.abort.abort();
      // Claimed while we were closing: it goes with the rest.
      if (closed) letGo(nodeRoleId, stopping);
      return {
        gone: mine.gone.signal,
        abort: mine.abort.signal,
        release: () => {
          if (held.get(nodeRoleId) === mine) held.delete(nodeRoleId);
        },
      };
    },
    size: () => held.size,
    close() {
      closed = true;
      clearInterval(timer);
      for (const one of [...held.keys()]) letGo(one, stopping);
    },
  };
}
