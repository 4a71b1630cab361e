import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { NodeRequest, StepResult } from '../contract.ts';
import { freeAddress, macOf } from './addresses.ts';
import type { LocalDeps } from './deps.ts';
import { localFailures } from './errors.ts';
import { withLock } from './lock.ts';
import { resolveRequest } from './map.ts';
import { nodeNames } from './names.ts';
import {
  listRecords,
  nodeDirectory,
  readMark,
  readRecord,
  sameTags,
  writeRecord,
  type LocalNode,
  type NodeRecord,
} from './node-record.ts';
import { lockNames } from './site.ts';
import { startNode } from './start-node.ts';

type Ensured = StepResult<{ readonly providerId: string }>;

/** How long a node that did not start is reported so before the next call tries again. */
const failureKeptMs = 5000;

/** Rules 2 to 4: records the node, address included, before anything of it exists; then makes what is missing. */
export async function ensureNode(deps: LocalDeps, request: NodeRequest, signal: AbortSignal): Promise<Ensured> {
  const { site } = deps;
  const names = nodeNames(site.names, request.key);
  const directory = nodeDirectory(site.directories.nodes, names);
  if (request.tags.siteId !== site.names.siteId) {
    return { state: 'failed', failure: localFailures.notOwned(names.providerId) };
  }
  const registered = await register(deps, request, directory, signal);
  if (registered.state === 'failed') return registered;
  const node: LocalNode = { names, directory, record: registered.record };
  if (!sameTags(node.record.tags, request.tags)) {
    return { state: 'failed', failure: localFailures.keyReused(names.providerId) };
  }
  if ((await readMark(directory, 'removing')) !== null) {
    return { state: 'failed', failure: localFailures.beingDestroyed(names.providerId) };
  }
  const driver = deps.drivers.of(node.record.driver);
  const view = await driver.look(node, signal);
  if (view.state === 'running' || (view.state === 'stopped' && !view.startAgain)) {
    await deps.packages.open();
    return { state: 'done', outputs: { providerId: names.providerId } };
  }
  if (view.state === 'failed' && (await ageMs(join(directory, 'exit'))) < failureKeptMs) {
    return { state: 'failed', failure: localFailures.stillBusy(names.providerId, view.message) };
  }
  return await startNode(deps, driver, node, signal);
}

async function register(
  deps: LocalDeps,
  request: NodeRequest,
  directory: string,
  signal: AbortSignal,
): Promise<Extract<Ensured, { state: 'failed' }> | { readonly state: 'ok'; readonly record: NodeRecord }> {
  const { site } = deps;
  const { configuration } = site;
  const known = await readRecord(directory);
  if (known !== null) return { state: 'ok', record: known };
  const driver = await deps.drivers.name(signal);
  const resolved = resolveRequest(request, configuration, driver, deps.host);
  if (!resolved.ok) return { state: 'failed', failure: resolved.failure };
  return await withLock(lockNames.site(site), signal, async () => {
    const others = await listRecords(site.directories.nodes);
    const mine = await readRecord(directory);
    if (mine !== null) return { state: 'ok', record: mine };
    if (others.length >= configuration.maxNodes) {
      return { state: 'failed', failure: localFailures.quota(configuration.maxNodes) };
    }
    const address = freeAddress(site.subnet, new Set(others.map(({ record }) => record.address)));
    if (address === null) return { state: 'failed', failure: localFailures.subnetFull(site.subnet.cidr) };
    const record: NodeRecord = {
      version: 1,
      driver,
      tags: request.tags,
      key: request.key,
      name: request.name,
      ...resolved.wanted,
      sshPublicKey: request.sshPublicKey,
      user: configuration.user,
      address,
      mac: macOf(address),
    };
    await removeUnfinished(site.directories.nodes);
    await writeRecord(directory, record);
    return { state: 'ok', record };
  });
}

/** Directories whose rename never came, of workers that died; under the site's lock nobody is writing one. */
async function removeUnfinished(nodes: string): Promise<void> {
  const entries = await readdir(nodes).catch(() => []);
  for (const entry of entries.filter((name) => name.endsWith('.new'))) {
    await rm(join(nodes, entry), { recursive: true, force: true });
  }
}

async function ageMs(file: string): Promise<number> {
  const found = await stat(file).catch(() => null);
  return found === null ? Number.POSITIVE_INFINITY : Date.now() - found.mtimeMs;
}
