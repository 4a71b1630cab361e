/**
 * What nspawn and plain have in common: a node is a directory, an overlay, a network namespace on the bridge and a
 * group in every cgroup hierarchy. All of it is found again by name; nothing of it is remembered.
 */
import { rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { groupTags, killGroups, makeGroups, processesOf, removeGroups, signalProcess } from '../cgroup.ts';
import { loadModules } from '../containers.ts';
import { mountNode, mountsBelow, loopsOf, unmountNode, type NodePaths } from '../disk.ts';
import { localError, localFailures } from '../errors.ts';
import { attach, bridgeOwner, detach, ensureBridge, namespacesOf, removeBridge } from '../network.ts';
import { pinnedHostKey, prepareFiles } from '../node-files.ts';
import { clearMark, listRecords, readMark, setMark, type DriverName, type LocalNode } from '../node-record.ts';
import type { ImageStore } from '../rootfs.ts';
import type { Site } from '../site.ts';
import type { DriverView, LocalDriver, OwnedThing } from './driver.ts';
import { readConsole, startWatched, type Launch } from './watch-loop.ts';

/** Where the two differ. */
export interface NamespacedKind {
  readonly name: DriverName;
  launch(node: LocalNode, paths: NodePaths): Promise<Launch>;
  /** Group of the processes that a SIGTERM makes shut the node down in good order. */
  readonly shutdownGroup: 'node' | 'node/supervisor';
}

/**
 * Whether nobody supervises a node's processes any more. A supervisor that starts sits in the node's own group until it
 * has put what it starts into `payload`; only one that is gone leaves nothing but payload.
 */
export function isAbandoned(processes: readonly number[], payload: readonly number[]): boolean {
  const inside = new Set(payload);
  return processes.length > 0 && processes.every((pid) => inside.has(pid));
}

export function namespacedDriver(site: Site, images: ImageStore, kind: NamespacedKind): LocalDriver {
  const look = async (node: LocalNode): Promise<DriverView> => {
    const { directory, names, record } = node;
    const hostKey = await pinnedHostKey(directory);
    const endpoint = { host: record.address, port: 22 };
    const view = (state: DriverView['state'], message: string, startAgain = false): DriverView => ({
      state,
      message,
      startAgain,
      hostKey,
      endpoint,
    });
    const processes = await processesOf(site.names, names, 'node');
    if (processes.length > 0) {
      const payload = await processesOf(site.names, names, 'node/payload');
      return view(
        'running',
        isAbandoned(processes, payload) ? 'runs; its supervisor was killed, the node was not' : 'runs',
      );
    }
    if ((await processesOf(site.names, names, 'watch')).length > 0) return view('creating', 'is starting');
    if ((await readMark(directory, 'power')) === 'off') return view('stopped', 'was switched off');
    if ((await readMark(directory, 'started')) === null) return view('creating', 'is being made', true);
    const exit = await readMark(directory, 'exit');
    if (exit === '0') return view('stopped', 'was shut down from inside');
    // 137: killed, as when memory runs out. No mark: whoever would have written it is gone too.
    if (exit === null || exit === '137') return view('stopped', 'ended without being shut down', true);
    const last = (await readConsole(directory, 400)).trim();
    return view('failed', `did not start (code ${exit}): ${last}`, true);
  };

  const nodesLeft = async (): Promise<boolean> => (await listRecords(site.directories.nodes)).length > 0;

  return {
    name: kind.name,
    image: (name, image, signal) => images.ensure(name, image, signal),
    look: (node) => look(node),

    async start(node, rootfs, signal) {
      const { names, directory, record } = node;
      if ((await processesOf(site.names, names)).length > 0) return;
      await ensureBridge(site, signal);
      if (record.capabilities.includes('containers')) await loadModules(site, signal);
      const groups = await makeGroups(site.names, names, { cpus: record.cpus, memoryGib: record.memoryGib });
      const paths = await mountNode(site, node, rootfs, signal);
      await prepareFiles(site, node, paths, signal);
      await attach(site, node, signal);
      await clearMark(directory, 'exit');
      signal.throwIfAborted();
      await startWatched(directory, groups, await kind.launch(node, paths));
      await setMark(directory, 'started');
    },

    async stop(node, how, signal) {
      const { names } = node;
      if (how === 'shutdown') {
        const supervisors = await processesOf(site.names, names, kind.shutdownGroup);
        for (const pid of supervisors) signalProcess(pid, 'SIGTERM');
        if (supervisors.length > 0) return false;
      }
      return await killGroups(site.names, names, signal);
    },

    async remove(names, directory, signal) {
      if (!(await killGroups(site.names, names, signal))) {
        throw localError(localFailures.stillBusy(names.providerId, 'some of its processes do not end'));
      }
      await unmountNode(site, directory, signal);
      await detach(site, names, signal);
      await removeGroups(site.names, names, signal);
      // What nspawn leaves where /run is no tmpfs, or when it was killed.
      await rm(join('/run/systemd/nspawn/propagate', names.providerId), { recursive: true, force: true });
      if ((await mountsBelow(directory)).length > 0) {
        throw localError(localFailures.stillBusy(names.providerId, 'some of its file systems cannot be unmounted'));
      }
    },

    removeShared: (signal) => removeBridge(site, nodesLeft, signal),

    async owned(signal) {
      const things: OwnedThing[] = [];
      for (const nodeTag of await groupTags(site.names))
        things.push({ kind: 'cgroup', id: `${site.names.cgroup}/${nodeTag}`, nodeTag });
      for (const name of await namespacesOf(site)) {
        things.push({ kind: 'network-namespace', id: name, nodeTag: name.slice(site.names.prefix.length) });
      }
      for (const point of await mountsBelow(site.directories.nodes)) {
        const nodeTag = point.slice(site.directories.nodes.length + 1).split('/')[0] ?? '';
        things.push({ kind: 'mount', id: point, nodeTag });
      }
      for (const { tag } of await listRecords(site.directories.nodes)) {
        for (const loop of await loopsOf(site, join(site.directories.nodes, tag), signal)) {
          things.push({ kind: 'loop-device', id: basename(loop), nodeTag: tag });
        }
      }
      if ((await bridgeOwner(site)) === 'ours')
        things.push({ kind: 'bridge', id: site.configuration.bridge, nodeTag: null });
      return things;
    },

    console: (node, maxBytes) => readConsole(node.directory, maxBytes),
    close: () => images.close(),
  };
}
