import { networkInterfaces } from 'node:os';
import { FormworkError } from '@formwork/core';
import { checkInterfaces } from '../configuration/check-listeners.ts';
import { compileNetwork } from '../configuration/compile-network.ts';
import type { DhcpConfiguration } from '../configuration/schema.ts';
import { lockDirectory } from '../leases/directory-lock.ts';
import { openJournalDirectory } from '../leases/journal-directory.ts';
import type { Lease } from '../leases/lease.ts';
import { type LeaseStore, openLeaseStore } from '../leases/lease-store.ts';
import { createConflictProbe } from './conflict-probe.ts';
import { type Counters, newCounters } from './counters.ts';
import type { DhcpEvent } from './dhcp-event.ts';
import { type OtherServersWatch, watchOtherServers } from './other-servers.ts';
import { createPacketHandler } from './packet-handler.ts';
import { dropPrivileges } from './privileges.ts';
import { openSockets } from './sockets.ts';

export interface DhcpServerOptions {
  readonly configuration: DhcpConfiguration;
  /** Of the journal; made when it is not there. One server each. */
  readonly directory: string;
  /** Leases that a copy elsewhere has, for a directory that was lost. */
  readonly copied?: readonly Lease[];
  /** Sockets handed in, by name. */
  readonly activated: ReadonlyMap<string, number>;
  readonly onEvent: (event: DhcpEvent) => void;
  /** What survives a power cut from now on; for `startReplicator`. */
  readonly onCommitted: (batch: readonly Lease[]) => void;
  readonly now?: () => number;
}

export interface DhcpServer {
  readonly counters: Counters;
  readonly leases: Pick<LeaseStore, 'since' | 'free' | 'replayed' | 'pending'>;
  /** Other subnets, reservations, nodes; the sockets stay as they are. */
  reconfigure(configuration: DhcpConfiguration): void;
  close(): Promise<void>;
}

/** How long a batch gathers under load; with the disk's time it stays below 5 ms. */
const gatherMs = 2;

/** Serves until it is closed. Throws FormworkError `dhcp-...` when it cannot start, with what to do. */
export async function startDhcpServer(options: DhcpServerOptions): Promise<DhcpServer> {
  const { configuration, directory, onEvent } = options;
  refuseAmbiguous(configuration);
  const disk = await openJournalDirectory(directory);
  const lock = await lockDirectory(directory);
  if (lock === null) {
    throw new FormworkError('conflict', 'dhcp-journal-in-use', `another DHCP server keeps its leases in ${directory}`);
  }
  const counters = newCounters();
  let network = compileNetwork(configuration);
  const store = await openLeaseStore({
    disk,
    network,
    gatherMs,
    copied: options.copied ?? [],
    onCommitted: options.onCommitted,
    onFailure: (error) => onEvent({ kind: 'journal-failed', error }),
  });
  const { damagedBytes } = store.replayed;
  if (damagedBytes > 0) onEvent({ kind: 'journal-damaged', bytes: damagedBytes });

  let watch: OtherServersWatch | null = null;
  const { conflictProbe, ports, rogue, user } = configuration;
  const onError = (error: Error): void => onEvent({ kind: 'socket-failed', error });
  const onPacket = createPacketHandler({
    configuration,
    network: () => network,
    store,
    counters,
    now: options.now ?? Date.now,
    probe: conflictProbe.enabled ? createConflictProbe(conflictProbe) : null,
    isOwnProbe: (xid) => watch?.isOurs(xid) ?? false,
    onEvent,
  });
  const sockets = await openSockets(configuration, options.activated, {
    onPacket,
    onError,
    onSendError: () => {
      counters.sendErrors += 1;
    },
  }).catch(async (error: unknown) => {
    await store.close();
    await lock.release();
    throw error;
  });
  if (rogue.watch) {
    watch = await watchOtherServers({
      clientPort: ports.client,
      serverPort: ports.server,
      known: new Set([...network.ownAddresses, ...rogue.known]),
      probeEveryS: rogue.probeEveryS,
      endpoints: sockets.endpoints,
      onFound: (server) => onEvent({ kind: 'other-server', server }),
      onError,
    });
  }
  if (user !== undefined) await dropPrivileges(user, directory);
  return {
    counters,
    leases: store,
    reconfigure: (next) => {
      network = compileNetwork(next);
      store.reconfigure(network);
    },
    close: async () => {
      await watch?.close();
      await sockets.close();
      await store.close();
      await lock.release();
    },
  };
}

function refuseAmbiguous(configuration: DhcpConfiguration): void {
  const interfaces = Object.entries(networkInterfaces()).flatMap(([name, addresses = []]) =>
    addresses.filter(({ family }) => family === 'IPv4').map(({ address, internal }) => ({ name, address, internal })),
  );
  // Loopback is no network of anybody's, unless a listener is on it.
  const wanted = interfaces.filter(({ internal }) => !internal);
  const looped = interfaces.filter(({ internal }) => internal);
  const problems = checkInterfaces(configuration, wanted.length > 0 ? wanted : looped);
  const [problem] = problems;
  if (problem === undefined) return;
  throw new FormworkError('invalid', problem.code, `${problem.path}: ${problem.message}; ${problem.remedy ?? ''}`, {
    details: { problems },
  });
}
