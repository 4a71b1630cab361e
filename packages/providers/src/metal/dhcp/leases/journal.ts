/**
 * The journal of leases with group commit. Changes gather while the batch before them is on its way to the disk; when
 * their own batch is there, and never before, their `whenDurable` runs.
 *
 *   idle -> (append) gathering -> (at once, or after `gatherMs` while many arrive) writing -> idle or gathering
 *   writing -> (the disk fails) failed -> (a whole new journal could be written) idle
 */
import type { Lease } from './lease.ts';
import type { LeaseDisk, Replacement } from './lease-disk.ts';
import { mostRecordBytes, readRecords, type Replay, writeRecord } from './record.ts';

const header = Buffer.from('FWDHCP01', 'latin1');
/** A compaction pays when the journal is this much larger than what it would hold anew. */
const growth = 4;
const leastCompaction = 4 << 20;
const sliceOfLeases = 500;
const retryMs = 1000;

export interface JournalOptions {
  readonly disk: LeaseDisk;
  /** All durable states, for compaction. */
  readonly leases: () => Iterable<Lease>;
  /** How long a batch may gather while the one before it carried several; the disk's own time comes on top. */
  readonly gatherMs: number;
  /** What is on disk now, in order. */
  readonly onCommitted: (batch: readonly Lease[]) => void;
  /** The disk failed: nothing is acknowledged until it works again. */
  readonly onFailure: (error: unknown) => void;
}

export interface Journal {
  append(leases: readonly Lease[], whenDurable: (() => void) | null): void;
  /** Changes that wait for the disk. */
  pending(): number;
  failed(): boolean;
  /** Writes a new journal of what `leases` says. */
  compact(): Promise<void>;
  /** Brings to disk what waits. */
  close(): Promise<void>;
}

/** The leases of the journal on disk. Throws when the file is no journal of ours. */
export async function replayJournal(disk: LeaseDisk): Promise<Replay> {
  const bytes = await disk.load();
  if (bytes === null || bytes.length === 0) return { leases: [], damagedBytes: 0, tornBytes: 0 };
  if (!bytes.subarray(0, header.length).equals(header)) {
    throw new Error('leases.journal is no lease journal of this version: move it away, or bring back the right one');
  }
  return readRecords(bytes, header.length);
}

/** Starts with a new journal of the leases that are known, so that nothing torn is ever appended to. */
export async function openJournal(options: JournalOptions): Promise<Journal> {
  const { disk, gatherMs } = options;
  let waiting: Lease[] = [];
  let callbacks: (() => void)[] = [];
  let state: 'idle' | 'gathering' | 'writing' | 'failed' = 'idle';
  let buffer = Buffer.alloc(64 * 1024);
  let lastBatch = 0;
  let compactAbove = leastCompaction;
  let compaction: Promise<void> | null = null;
  /** Batches written since the running compaction began; the new journal gets them, too. */
  let alongside: Buffer[] | null = null;
  let closing = false;
  let whenIdle: (() => void)[] = [];
  let retry: NodeJS.Timeout | null = null;

  const encode = (leases: readonly Lease[]): Buffer => {
    if (buffer.length < leases.length * mostRecordBytes) buffer = Buffer.alloc(2 * leases.length * mostRecordBytes);
    let end = 0;
    for (const lease of leases) end = writeRecord(lease, buffer, end);
    return buffer.subarray(0, end);
  };
  const schedule = (): void => {
    state = 'gathering';
    if (lastBatch > 1 && gatherMs > 0 && !closing) setTimeout(flush, gatherMs);
    else setImmediate(flush);
  };
  const flush = (): void => {
    state = 'writing';
    const batch = waiting;
    const durable = callbacks;
    waiting = [];
    callbacks = [];
    lastBatch = batch.length;
    const bytes = encode(batch);
    disk.append(bytes).then(
      () => {
        alongside?.push(Buffer.from(bytes));
        for (const call of durable) call();
        options.onCommitted(batch);
        settle();
      },
      (error: unknown) => fail(error),
    );
  };
  const settle = (): void => {
    state = 'idle';
    for (const call of whenIdle) call();
    whenIdle = [];
    if (waiting.length > 0) schedule();
    else if (disk.usedBytes() > compactAbove && !closing && compaction === null) compact().catch(compactLater);
  };
  /** The journal in use still works; the next try is when it has grown once more. */
  const compactLater = (error: unknown): void => {
    compactAbove = 2 * disk.usedBytes();
    if (state !== 'failed') options.onFailure(error);
  };
  // After a failed fdatasync the file's pages may be gone though the next one succeeds: only a new file is trusted.
  const fail = (error: unknown): void => {
    state = 'failed';
    callbacks = [];
    for (const call of whenIdle) call();
    whenIdle = [];
    options.onFailure(error);
    if (!closing) repairSoon();
  };
  const repairSoon = (): void => {
    retry = setTimeout(() => {
      waiting = []; // the new journal holds what is known by now
      compact().then(settle, (error: unknown) => {
        options.onFailure(error);
        if (!closing) repairSoon();
      });
    }, retryMs);
  };
  const idle = (): Promise<void> =>
    state === 'idle' || state === 'failed' ? Promise.resolve() : new Promise((resolve) => whenIdle.push(resolve));

  const writeSnapshot = async (replacement: Replacement): Promise<void> => {
    let slice: Lease[] = [];
    let written = header.length;
    const put = async (): Promise<void> => {
      // A buffer of its own: the shared one is being written by the batches that go on beside.
      const bytes = Buffer.alloc(slice.length * mostRecordBytes);
      let end = 0;
      for (const lease of slice) end = writeRecord(lease, bytes, end);
      slice = [];
      written += end;
      await replacement.write(bytes.subarray(0, end));
    };
    await replacement.write(header);
    for (const lease of options.leases()) {
      slice.push(lease);
      if (slice.length >= sliceOfLeases) await put();
    }
    await put();
    compactAbove = Math.max(leastCompaction, growth * written);
  };
  const replace = async (): Promise<void> => {
    const repairing = state === 'failed';
    let held = false;
    alongside = [];
    const replacement = await disk.startReplacement();
    try {
      await writeSnapshot(replacement);
      await idle();
      if (state === 'failed' && !repairing) throw new Error('the journal failed while it was compacted');
      // From here to the commit nothing is appended: what was written beside goes into the new file.
      held = !repairing;
      if (held) state = 'writing';
      for (const bytes of alongside) await replacement.write(bytes);
      await replacement.commit();
      if (held) settle();
    } catch (error) {
      await replacement.abandon().catch(() => undefined);
      if (held) fail(error);
      throw error;
    } finally {
      alongside = null;
    }
  };
  const compact = (): Promise<void> => {
    compaction ??= replace().finally(() => {
      compaction = null;
    });
    return compaction;
  };

  await compact();
  return {
    append: (leases, whenDurable) => {
      for (const lease of leases) waiting.push(lease);
      if (whenDurable !== null && state !== 'failed') callbacks.push(whenDurable);
      if (state === 'idle') schedule();
    },
    pending: () => waiting.length,
    failed: () => state === 'failed',
    compact,
    close: async () => {
      closing = true;
      if (retry !== null) clearTimeout(retry);
      await compaction?.catch(() => undefined);
      while (state === 'gathering' || state === 'writing') await idle();
      await disk.close();
    },
  };
}
