import { type AdmissionLimits, createAdmission } from './admission.ts';
import { createCounting } from './counters.ts';
import { type Listener, type ListenOn, openListener } from './listener.ts';
import { errorCode, type Request } from './packet.ts';
import { type Peer, peerKey } from './source.ts';
import type { Finished, LocalAddress, TransferHost } from './transfer-host.ts';
import { printable, type Refusal, type TftpCounters, type TransferReport } from './transfer-report.ts';

interface Deps {
  readonly listen: readonly ListenOn[];
  readonly admission: AdmissionLimits;
  /** Opens what serves the transfers, once the sockets are bound. */
  readonly openHost: (context: HostContext) => Promise<TransferHost>;
  /** Called for every request that ended, also for those refused. */
  readonly ended: (report: TransferReport) => void;
  /** A listening socket failed; the server goes on with the others. */
  readonly failed: (error: Error) => void;
}

export interface HostContext {
  readonly finished: Finished;
  readonly stray: () => void;
  /** Transfers running now. */
  readonly active: () => number;
  /** The listener that has this address. */
  readonly listenerOf: (local: LocalAddress) => Listener;
}

export interface TftpServer {
  /** What it listens on, with the ports it was given. */
  readonly addresses: readonly LocalAddress[];
  counters(): TftpCounters;
  /** Ends every transfer and closes every socket. */
  close(): Promise<void>;
}

/** A read-only TFTP server (RFC 1350, 2347, 2348, 2349, 7440). Rejects when a socket cannot be bound. */
export async function startTftpServer(deps: Deps): Promise<TftpServer> {
  const counting = createCounting();
  const admission = createAdmission(deps.admission);
  /** Starts that have not finished, by peer and local address; each peer holds one place. */
  const pending = new Map<string, number>();
  const listeners: Listener[] = [];
  let host: TransferHost | null = null;

  const finished: Finished = (peer, local, report) => {
    const key = pendingKey(peer, local);
    const left = (pending.get(key) ?? 1) - 1;
    if (left > 0) pending.set(key, left);
    else {
      pending.delete(key);
      admission.leave(peer.address);
    }
    if (report !== null) ended(report);
  };
  const ended = (report: TransferReport): void => {
    counting.report(report);
    deps.ended(report);
  };
  const refused = (request: Request, peer: Peer, reason: Refusal): void =>
    ended({ ...unserved(request, peer), outcome: { kind: 'refused', reason, detail: refusals[reason] ?? reason } });
  const requested = (listener: Listener, request: Request, peer: Peer): void => {
    counting.request();
    if (host === null) return;
    const local = { address: listener.address, port: listener.port };
    const key = pendingKey(peer, local);
    const known = pending.get(key);
    const full = known === undefined ? admission.enter(peer.address) : null;
    if (full !== null) {
      // Full in all: silence, and the client's own retry is the queue. Too many of one: that one is told.
      if (full === 'too-many-of-peer') listener.refuse(peer, errorCode.undefined, 'too many transfers at a time');
      refused(request, peer, full);
      return;
    }
    pending.set(key, (known ?? 0) + 1);
    host.start(request, peer, local);
  };

  const open = async (on: ListenOn): Promise<void> => {
    const listener: Listener = await openListener({
      on,
      requested: (request, peer) => requested(listener, request, peer),
      refusedWrite: (request, peer) => {
        counting.request();
        refused(request, peer, 'write');
      },
      malformed: counting.malformed,
      stray: counting.stray,
      failed: deps.failed,
    });
    listeners.push(listener);
  };
  const close = async (): Promise<void> => {
    await host?.close();
    await Promise.all(listeners.map((listener) => listener.close()));
  };

  try {
    for (const on of deps.listen) await open(on);
    host = await deps.openHost({
      finished,
      stray: counting.stray,
      active: () => admission.active(),
      listenerOf: ({ address, port }) => {
        const found = listeners.find((listener) => listener.address === address && listener.port === port);
        if (found === undefined) throw new RangeError(`nothing listens on ${address} port ${port}`);
        return found;
      },
    });
  } catch (error) {
    await close();
    throw error;
  }
  return {
    addresses: listeners.map(({ address, port }) => ({ address, port })),
    counters: () => counting.read(admission.active()),
    close,
  };
}

const refusals: Partial<Record<Refusal, string>> = {
  write: 'this server is read-only',
  'too-many-of-peer': 'too many transfers from this address',
  'too-many-in-all': 'too many transfers; not answered, so that the client asks again',
};

const pendingKey = (peer: Peer, local: LocalAddress): string => `${peerKey(peer)} ${local.address} ${local.port}`;

const unserved = (request: Request, peer: Peer): Omit<TransferReport, 'outcome'> => ({
  peer,
  name: printable(request.name),
  sizeBytes: null,
  blockSize: null,
  windowSize: null,
  durationMs: 0,
  sentBlocks: 0,
  resentBlocks: 0,
});
