import { isIPv6 } from 'node:net';
import os from 'node:os';
import type { TftpConfiguration } from './configuration.ts';
import { blockSizeOfMtu } from './negotiate.ts';
import { ownSockets } from './channel.ts';
import { openFileTree } from './file-tree.ts';
import type { ListenOn } from './listener.ts';
import { openProcessPool } from './process-pool.ts';
import { dropPrivileges } from './privileges.ts';
import { type HostContext, startTftpServer, type TftpServer } from './server.ts';
import { createTransferHost, type TransferHost } from './transfer-host.ts';
import type { TransferReport } from './transfer-report.ts';

export interface ServeLog {
  readonly ended: (report: TransferReport) => void;
  readonly problem: (message: string, error: Error | null) => void;
}

/** Sockets first, then who we are, then the processes that read files: they are started by whom we became. */
export async function serveTftp(
  configuration: TftpConfiguration,
  activated: readonly number[],
  log: ServeLog,
): Promise<TftpServer> {
  const { addresses, port } = configuration;
  const listen: readonly ListenOn[] =
    activated.length > 0 ? activated.map((fd) => ({ fd })) : addresses.map((address) => ({ address, port }));
  return startTftpServer({
    listen,
    admission: configuration,
    openHost: async (context) => {
      raisePriority(configuration.niceness, log);
      if (configuration.becomes !== null) dropPrivileges(configuration.becomes);
      return openHost(configuration, context, log);
    },
    ended: log.ended,
    failed: (error) => log.problem('a listening socket failed', error),
  });
}

async function openHost(configuration: TftpConfiguration, context: HostContext, log: ServeLog): Promise<TransferHost> {
  const { root, ports, singlePort, processes, mtu, maxWindowSize } = configuration;
  const options = {
    limits: { maxBlockSize: blockSizeOfMtu(mtu, configuration.addresses.some(isIPv6) ? 6 : 4), maxWindowSize },
    patience: {
      timeoutMs: configuration.timeoutMs,
      maxTimeoutMs: configuration.maxTimeoutMs,
      maxAttempts: configuration.maxAttempts,
      maxAttemptsUnanswered: Math.min(3, configuration.maxAttempts),
      openWithinMs: 10_000,
    },
    cacheBytes: configuration.cacheMib * 2 ** 20,
    busyPollUs: configuration.busyPollUs,
  };
  if (processes > 0 && !singlePort) {
    const lost = (why: string): void => log.problem(why, null);
    return openProcessPool({ ...context, processes, configure: { options, root, ports }, lost });
  }
  const cores = os.availableParallelism();
  return createTransferHost({
    options,
    source: await openFileTree(root),
    channelsOf: (local) =>
      singlePort
        ? context.listenerOf(local).sharedChannels
        : ownSockets({ address: local.address, ports, stray: context.stray }),
    mayBusyPoll: () => context.active() < cores,
    finished: context.finished,
  });
}

function raisePriority(niceness: number, log: ServeLog): void {
  if (niceness === 0) return;
  try {
    os.setPriority(niceness);
  } catch (error) {
    log.problem('the priority stays as it is', error instanceof Error ? error : null);
  }
}
