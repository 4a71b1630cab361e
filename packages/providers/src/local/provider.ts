/**
 * Machines on this host. Which state a machine is in is read from disk, cgroups and namespaces at every call:
 *
 *     absent --ensureNode: record written--> creating --started--> running --SSH answers with its key--> ready
 *     running --reboot inside--> running        running --poweroff inside, power off--> stopped --power on--> running
 *     creating, stopped by a crash --next ensureNode or observeNode--> running
 *     any --destroyNode: marked `removing`--> absent
 *
 * Everything that changes a node happens under that node's lock; a call that does not get it answers `pending`.
 */
import type {
  CallContext,
  NodeReference,
  Observation,
  OpenOptions,
  Provider,
  ProviderModule,
  StepResult,
} from '../contract.ts';
import { probeSsh } from '../ssh-probe.ts';
import { openAptSources } from './apt-sources.ts';
import type { LocalConfiguration, LocalCredentials } from './configuration.ts';
import { checkSite } from './check.ts';
import type { LocalDeps } from './deps.ts';
import { localDescriptor } from './descriptor.ts';
import { driverChoice } from './drivers/choice.ts';
import type { LocalDriver } from './drivers/driver.ts';
import { localError, localFailureOf } from './errors.ts';
import { ensureNode } from './ensure-node.ts';
import { destroyNode } from './destroy-node.ts';
import { catalogueOf, factsOf, thisHost } from './map.ts';
import { findNode, requireNode } from './find-node.ts';
import { listRecords, readMark, type LocalNode } from './node-record.ts';
import { listOwned } from './list-owned.ts';
import { localPower } from './power.ts';
import { limiter } from './limiter.ts';
import { openPackageCache } from './package-cache.ts';
import { openImageStore } from './rootfs.ts';
import { siteOf } from './site.ts';
import { openPrerequisites } from './prerequisites.ts';
import { startNode } from './start-node.ts';

const probeTimeoutMs = 2000;

export const localProvider: ProviderModule<LocalConfiguration, LocalCredentials> = {
  descriptor: localDescriptor,
  open: openLocal,
};

function openLocal(options: OpenOptions<LocalConfiguration, LocalCredentials>): Provider {
  const site = siteOf(options);
  const sources = openAptSources(site);
  const images = openImageStore(site, sources);
  const host = thisHost();
  const deps: LocalDeps = {
    site,
    host,
    drivers: driverChoice(site, images),
    prerequisites: openPrerequisites(site),
    packages: openPackageCache(site, sources),
    starts: limiter(site.configuration.parallelStarts),
  };
  const { drivers, packages } = deps;

  /** Rule 9: one signal for the caller's wish and the call's deadline; errors leave as one of the closed kinds. */
  const call = async <T>(context: CallContext, work: (signal: AbortSignal) => Promise<T>): Promise<T> => {
    const signal = AbortSignal.any([context.signal, AbortSignal.timeout(context.timeoutMs)]);
    try {
      signal.throwIfAborted();
      return await work(signal);
    } catch (error) {
      throw localError(localFailureOf(signal.aborted ? signal.reason : error), error);
    }
  };
  const step = async <T>(
    context: CallContext,
    work: (signal: AbortSignal) => Promise<StepResult<T>>,
  ): Promise<StepResult<T>> => {
    try {
      return await call(context, work);
    } catch (error) {
      const failure = localFailureOf(error);
      // Somebody who stopped the call is not told how it went; whoever calls next finds what was made.
      if (context.signal.aborted) throw error;
      return { state: 'failed', failure };
    }
  };

  const observe = async (reference: NodeReference, signal: AbortSignal): Promise<Observation> => {
    const node = await findNode(site, reference);
    const absent: Observation = {
      state: 'absent',
      ready: false,
      providerId: null,
      addresses: [],
      hostKey: null,
      user: site.configuration.user,
      facts: {},
      message: `${reference.name} does not exist`,
    };
    if (node === null) return absent;
    const driver = drivers.of(node.record.driver);
    const view = await driver.look(node, signal);
    const { record, names } = node;
    const seen = {
      providerId: names.providerId,
      addresses: view.endpoint === null ? [] : [{ ...view.endpoint, family: 4 as const, scope: 'private' as const }],
      hostKey: view.hostKey === null ? null : { publicKey: view.hostKey, trust: 'pinned' as const },
      user: record.user,
      facts: factsOf(record, view.endpoint?.host ?? record.address, suiteOf(record.image), host),
    };
    if ((await readMark(node.directory, 'removing')) !== null) {
      return { ...absent, ...seen, state: 'stopped', message: `${record.name} is being removed` };
    }
    if (view.startAgain && view.state === 'stopped') {
      await startAgain(driver, node, signal);
      return {
        ...seen,
        state: 'creating',
        ready: false,
        message: `${record.name} ${view.message}; it is started again`,
      };
    }
    // A worker that started anew serves the nodes that were there before it.
    if (view.state === 'running') await packages.open();
    const key = view.state === 'running' ? await answeringKey(view.endpoint, signal) : null;
    const ready = key !== null && key === view.hostKey;
    return {
      ...seen,
      state: view.state,
      ready,
      message: `${record.name} ${view.state === 'running' ? sshMessage(view.message, key, ready) : view.message}`,
    };
  };

  const suiteOf = (image: string): string => site.configuration.images[image]?.suite ?? image;

  const startAgain = async (driver: LocalDriver, node: LocalNode, signal: AbortSignal): Promise<void> => {
    const started = await startNode(deps, driver, node, signal);
    if (started.state === 'failed') throw localError(started.failure);
  };

  return {
    check: (context) => call(context, (signal) => checkSite(deps, signal)),
    catalogue: (context) =>
      call(context, async (signal) => {
        const used = (await listRecords(site.directories.nodes)).length;
        return catalogueOf(site.configuration, await drivers.name(signal), host, used, new Date());
      }),
    ensureNode: (request, context) => step(context, (signal) => ensureNode(deps, request, signal)),
    observeNode: (node, context) => call(context, (signal) => observe(node, signal)),
    destroyNode: (node, context) => step(context, (signal) => destroyNode(deps, node, signal)),
    listOwned: (filter, context) => call(context, (signal) => listOwned(site, drivers, filter.deploymentId, signal)),
    power: localPower(deps, step),
    console: {
      tail: (reference, maxBytes, context) =>
        call(context, async (signal) => {
          const node = await requireNode(site, reference);
          return await drivers.of(node.record.driver).console(node, maxBytes, signal);
        }),
    },
    async close() {
      await packages.close();
      await images.close();
      await drivers.close();
    },
  };
}

async function answeringKey(
  endpoint: { readonly host: string; readonly port: number } | null,
  signal: AbortSignal,
): Promise<string | null> {
  return endpoint === null ? null : await probeSsh({ ...endpoint, signal, timeoutMs: probeTimeoutMs });
}

function sshMessage(message: string, key: string | null, ready: boolean): string {
  if (ready) return `${message}; SSH answers`;
  return key === null ? `${message}; SSH does not answer yet` : `${message}; SSH answers with a key it was not given`;
}
