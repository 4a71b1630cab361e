import { createBlockCache } from './block-cache.ts';
import { createBusyPoll } from './busy-poll.ts';
import type { OpenChannel } from './channel.ts';
import type { NegotiationLimits } from './negotiate.ts';
import type { Request } from './packet.ts';
import type { Peer, Source } from './source.ts';
import type { TransferReport } from './transfer-report.ts';
import { createTransfers, type Patience, type Transfers } from './transfers.ts';

/** The address and port a request came to. */
export interface LocalAddress {
  readonly address: string;
  readonly port: number;
}

/** Whatever serves transfers: this process, or others. */
export interface TransferHost {
  start(request: Request, peer: Peer, local: LocalAddress): void;
  close(): Promise<void>;
}

/** Called once for each start; null: it changed nothing. */
export type Finished = (peer: Peer, local: LocalAddress, report: TransferReport | null) => void;

export interface HostOptions {
  readonly limits: NegotiationLimits;
  readonly patience: Patience;
  /** Octets of files kept in memory, in each process. */
  readonly cacheBytes: number;
  readonly busyPollUs: number;
}

interface Deps {
  readonly options: HostOptions;
  readonly source: Source;
  readonly channelsOf: (local: LocalAddress) => OpenChannel;
  readonly mayBusyPoll: () => boolean;
  readonly finished: Finished;
}

/** Serves transfers in this process; files read once are shared by all of them. */
export function createTransferHost({ options, source, channelsOf, mayBusyPoll, finished }: Deps): TransferHost {
  const cache = createBlockCache(options.cacheBytes);
  const busyPoll = createBusyPoll({ budgetUs: options.busyPollUs, allowed: mayBusyPoll });
  const byLocal = new Map<string, Transfers>();
  const transfersOf = (local: LocalAddress): Transfers => {
    const key = `${local.address} ${local.port}`;
    const known = byLocal.get(key);
    if (known !== undefined) return known;
    const made = createTransfers({
      ...options,
      source,
      openChannel: channelsOf(local),
      cache,
      busyPoll,
      finished: (peer, report) => finished(peer, local, report),
    });
    byLocal.set(key, made);
    return made;
  };
  return {
    start: (request, peer, local) => transfersOf(local).start(request, peer),
    close: async () => {
      await Promise.all([...byLocal.values()].map((transfers) => transfers.close()));
    },
  };
}
