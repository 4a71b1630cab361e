import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import type { BlockCache } from './block-cache.ts';
import type { BusyPoll } from './busy-poll.ts';
import type { Channel, OpenChannel } from './channel.ts';
import { type FileName, readName } from './file-name.ts';
import { negotiate, type NegotiationLimits } from './negotiate.ts';
import { encodeError, errorCode, type Request } from './packet.ts';
import { type Session, startSession } from './session.ts';
import { type OpenFile, type Peer, peerKey, type Source } from './source.ts';
import { blockCount } from './transfer.ts';
import { type Outcome, printable, type Refusal, type TransferReport } from './transfer-report.ts';

/** How patient a transfer is; milliseconds and counts of retransmissions. */
export interface Patience {
  readonly timeoutMs: number;
  readonly maxTimeoutMs: number;
  readonly maxAttempts: number;
  readonly maxAttemptsUnanswered: number;
  /** Longest that a source may take to open a file. */
  readonly openWithinMs: number;
}

interface Deps {
  readonly source: Source;
  readonly openChannel: OpenChannel;
  readonly cache: BlockCache;
  readonly limits: NegotiationLimits;
  readonly patience: Patience;
  readonly busyPoll: BusyPoll;
  /** Called once for each start; null: it was a request sent again, which changed nothing. */
  readonly finished: (peer: Peer, report: TransferReport | null) => void;
}

/** Serves read requests, any number at a time; who may ask is decided before. */
export interface Transfers {
  start(request: Request, peer: Peer): void;
  close(): Promise<void>;
}

interface Served {
  readonly request: string;
  session: Session | null;
}

export function createTransfers(deps: Deps): Transfers {
  /** By peer: a client has one transfer on a port of its own (RFC 1350 section 4). */
  const served = new Map<string, Served>();
  const running = new Set<Promise<void>>();
  let closed = false;

  const serve = async (request: Request, peer: Peer, entry: Served): Promise<void> => {
    const startedMs = performance.now();
    const known: { sizeBytes: number | null; blockSize: number | null; windowSize: number | null } = {
      sizeBytes: null,
      blockSize: null,
      windowSize: null,
    };
    let file: OpenFile | null = null;
    let channel: Channel | null = null;
    const report = (outcome: Outcome, blocks = 0, resent = 0): void => {
      deps.finished(peer, {
        peer,
        name: printable(request.name),
        outcome,
        ...known,
        durationMs: Math.round(performance.now() - startedMs),
        sentBlocks: blocks,
        resentBlocks: resent,
      });
    };
    try {
      const events = {
        received: (datagram: Uint8Array): void => {
          entry.session?.receive(datagram);
          deps.busyPoll.answered();
        },
        failed: (error: Error): void => {
          // The kernel passes on what the peer's machine says: nobody is on that port any more.
          const gone = 'code' in error && error.code === 'ECONNREFUSED';
          const reason = gone ? 'peer-gone' : 'socket-failed';
          entry.session?.abort({ kind: 'failed', reason, detail: error.message });
        },
      };
      channel = await deps.openChannel(peer, events);
      const send = channel.send.bind(channel);
      const found = await find(deps, request, peer);
      if (found.kind === 'refused') {
        send(encodeError(found.code, found.message));
        report({ kind: 'refused', reason: found.reason, detail: found.detail });
        return;
      }
      file = found.file;
      const negotiated = negotiate(request.options, file.sizeBytes, deps.limits);
      const { blockSize, windowSize, timeoutMs, granted } = negotiated;
      Object.assign(known, { sizeBytes: file.sizeBytes, blockSize, windowSize });
      const blocks = deps.cache.reader(file, blockSize);
      const plan = {
        ...deps.patience,
        blockCount: blockCount(file.sizeBytes, blockSize),
        windowSize,
        offersOptions: granted.length > 0,
        timeoutMs: timeoutMs ?? deps.patience.timeoutMs,
      };
      // Most small files are one chunk: read before the first answer, which then goes out at once.
      await blocks.load(1);
      if (closed) {
        report({ kind: 'failed', reason: 'server-closed', detail: 'before it began' });
        return;
      }
      await new Promise<void>((resolve) => {
        entry.session = startSession({
          plan,
          granted,
          blocks,
          send,
          ended: (outcome, sent) => {
            report(outcome, sent.blocks, sent.resent);
            resolve();
          },
        });
      });
    } catch (error) {
      const detail = error instanceof Error ? error.message : String(error);
      channel?.send(encodeError(errorCode.undefined, 'the file cannot be read'));
      report({ kind: 'refused', reason: channel === null ? 'no-socket' : 'source-failed', detail });
    } finally {
      if (served.get(peerKey(peer)) === entry) served.delete(peerKey(peer));
      channel?.close();
      await file?.close().catch(() => undefined);
    }
  };

  return {
    start: (request, peer) => {
      const key = peerKey(peer);
      const text = JSON.stringify([request.name, request.mode, request.options]);
      const before = served.get(key);
      // A request sent again because our answer was slow, or lost: the session sends that again itself.
      if (closed || (before?.request === text && before.session?.answered() !== true)) {
        deps.finished(peer, null);
        return;
      }
      before?.session?.abort({ kind: 'failed', reason: 'superseded', detail: 'the client asked anew from its port' });
      const entry: Served = { request: text, session: null };
      served.set(key, entry);
      const work = serve(request, peer, entry).finally(() => running.delete(work));
      running.add(work);
    },
    close: async () => {
      closed = true;
      for (const { session } of served.values()) {
        session?.abort({ kind: 'failed', reason: 'server-closed', detail: 'the server stops' });
      }
      await Promise.all(running);
    },
  };
}

type Found =
  | { readonly kind: 'found'; readonly file: OpenFile }
  | {
      readonly kind: 'refused';
      readonly reason: Refusal;
      readonly code: number;
      /** Told to the client: names no path, and nothing that it could learn from. */
      readonly message: string;
      /** For the log. */
      readonly detail: string;
    };

async function find({ source, patience }: Deps, request: Request, peer: Peer): Promise<Found> {
  const refuse = (reason: Refusal, code: number, message: string, detail = message): Found => ({
    kind: 'refused',
    reason,
    code,
    message,
    detail,
  });
  if (request.mode !== 'octet') {
    return refuse('mode', errorCode.undefined, 'only mode octet is served: choose binary', printable(request.mode));
  }
  const read = readName(request.name);
  if (!read.ok) return refuse('name', errorCode.accessViolation, 'no such name', read.why);
  const opened = await openInTime(source, read.name, peer, patience.openWithinMs);
  switch (opened.kind) {
    case 'opened':
      return { kind: 'found', file: opened.file };
    case 'not-found':
      return refuse('not-found', errorCode.notFound, 'no such file');
    case 'denied':
      return refuse('denied', errorCode.accessViolation, 'no such name', opened.why);
    case 'late':
      return refuse('source-failed', errorCode.undefined, 'not ready, ask again', 'the source took too long');
  }
}

async function openInTime(source: Source, name: FileName, peer: Peer, withinMs: number) {
  const waiting = new AbortController();
  const opening = source.open(name, peer);
  try {
    const patience = sleep(withinMs, null, { signal: waiting.signal }).catch(() => null);
    const first = await Promise.race([opening, patience]);
    if (first !== null) return first;
  } finally {
    waiting.abort();
  }
  opening.then(
    async (late) => (late.kind === 'opened' ? late.file.close() : undefined),
    () => undefined,
  );
  return { kind: 'late' } as const;
}
