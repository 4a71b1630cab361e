/** What is copied: states of addresses, in whatever form. */
interface Copied {
  readonly address: number | string;
  readonly sequence: number;
}

export interface ReplicatorOptions<Lease extends Copied> {
  /**
   * Brings states to the replica. Idempotent: states may come again; of one address the greatest sequence counts.
   * Rejects, or answers after however long: leases are served meanwhile.
   */
  readonly deliver: (batch: readonly Lease[], signal: AbortSignal) => Promise<void>;
  /** States the replica lacks at the start, in order of their sequence. */
  readonly backlog: readonly Lease[];
  readonly batchSize?: number;
  readonly timeoutMs?: number;
  readonly retryMs?: number;
  readonly onFailure: (error: unknown) => void;
}

/** Copies the leases to somewhere else, as fast as that goes. Of each address only the newest state waits. */
export interface Replicator<Lease extends Copied> {
  /** Of `LeaseStoreOptions.onCommitted`. */
  committed(batch: readonly Lease[]): void;
  /** The replica has all up to this sequence; null before the first delivery. */
  cursor(): number | null;
  /** Addresses whose newest state the replica lacks. */
  lag(): number;
  close(): Promise<void>;
}

export function startReplicator<Lease extends Copied>(options: ReplicatorOptions<Lease>): Replicator<Lease> {
  const { batchSize = 1000, timeoutMs = 10_000, retryMs = 1000 } = options;
  // A Map keeps the order of insertion: a newer state goes to the end, so that the front is always the oldest.
  const waiting = new Map<Lease['address'], Lease>();
  const stop = new AbortController();
  let cursor: number | null = null;
  let wake: (() => void) | null = null;

  const committed = (batch: readonly Lease[]): void => {
    for (const lease of batch) {
      waiting.delete(lease.address);
      waiting.set(lease.address, lease);
    }
    wake?.();
  };
  const sleep = (forMs: number | null): Promise<void> =>
    new Promise((resolve) => {
      if (stop.signal.aborted) {
        resolve();
        return;
      }
      const timer = forMs === null ? null : setTimeout(resolve, forMs);
      const done = (): void => {
        if (timer !== null) clearTimeout(timer);
        resolve();
      };
      stop.signal.addEventListener('abort', done, { once: true });
      if (forMs === null) wake = done;
    });
  const closing = (): boolean => stop.signal.aborted;
  const run = async (): Promise<void> => {
    while (!closing()) {
      const batch = firstOf(waiting, batchSize);
      const last = batch.at(-1);
      if (last === undefined) {
        await sleep(null);
        continue;
      }
      try {
        await options.deliver(batch, AbortSignal.any([stop.signal, AbortSignal.timeout(timeoutMs)]));
        for (const lease of batch) if (waiting.get(lease.address) === lease) waiting.delete(lease.address);
        cursor = last.sequence;
      } catch (error) {
        if (!closing()) options.onFailure(error);
        await sleep(retryMs);
      }
    }
  };

  committed(options.backlog);
  const running = run();
  return {
    committed,
    cursor: () => cursor,
    lag: () => waiting.size,
    close: async () => {
      stop.abort();
      await running;
    },
  };
}

function firstOf<Lease>(waiting: ReadonlyMap<number | string, Lease>, most: number): readonly Lease[] {
  const batch: Lease[] = [];
  for (const lease of waiting.values()) {
    if (batch.length >= most) break;
    batch.push(lease);
  }
  return batch;
}
