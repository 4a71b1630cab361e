import { assertNever, FormworkError, type Json } from '@formwork/core';
import {
  answerSiteTask,
  type Database,
  type Log,
  type NodeRow,
  readNode,
  readSiteTask,
  readSiteNodes,
  recordLook,
  type SiteTask,
} from '@formwork/db';
import type { CallContext, Provider } from '@formwork/providers';
import type { OpenSites } from './open-sites.ts';
import { referenceOf } from './provider-step.ts';

export interface SiteTaskDeps {
  readonly db: Database;
  readonly log: Log;
  readonly worker: string;
  readonly sites: OpenSites;
}

/** Installing what a site needs can be part of its check, so that call has longer, milliseconds. */
const checkTimeoutMs = 300_000;
const callTimeoutMs = 30_000;
const observedAtOnce = 8;
/** A soft shutdown waits for an operating system. */
const powerTimeoutMs = 120_000;

const powerActions = ['on', 'off', 'soft', 'reset', 'cycle'] as const;
const isPowerAction = (text: string): text is (typeof powerActions)[number] =>
  powerActions.some((action) => action === text);

/** Asks the site and stores the answer; a question that was answered meanwhile is left alone. */
export async function handleSiteTask(deps: SiteTaskDeps, siteTaskId: string, signal: AbortSignal): Promise<void> {
  const task = await readSiteTask(deps.db, siteTaskId);
  if (task?.state !== 'asked') return;
  let ok = true;
  let result: Json;
  try {
    const { provider } = await deps.sites.site(task.siteId);
    result = await answer(deps, provider, task, signal);
  } catch (error) {
    ok = false;
    result = {
      message: error instanceof FormworkError ? error.message : 'the site could not be asked; the worker log says more',
      code: error instanceof FormworkError ? error.code : 'internal',
    };
    deps.log.warn({ siteTaskId, kind: task.kind, error: String(error) }, 'a site task failed');
  }
  await deps.db.transaction((tx) => answerSiteTask(tx, { id: siteTaskId, ok, result, actor: `worker:${deps.worker}` }));
}

async function answer(deps: SiteTaskDeps, provider: Provider, task: SiteTask, signal: AbortSignal): Promise<Json> {
  const call: CallContext = { signal, timeoutMs: callTimeoutMs };
  switch (task.kind) {
    case 'check':
      return asJson(await provider.check({ signal, timeoutMs: checkTimeoutMs }));
    case 'catalogue':
      return asJson(await provider.catalogue(call));
    case 'leak-check':
      return { found: asJson(await provider.listOwned({ deploymentId: textOf(task.params['deploymentId']) }, call)) };
    case 'observe':
      return observe(deps, provider, task, call);
    case 'power': {
      if (provider.power === undefined)
        throw new FormworkError('invalid', 'no-power', 'this provider cannot switch its machines');
      const node = await nodeOf(deps, task);
      const state = textOf(task.params['state']);
      if (state !== 'on' && state !== 'off' && state !== 'cycle')
        throw new FormworkError('invalid', 'power-state', 'power is on, off or cycle');
      return asJson(await provider.power.set(referenceOf(node), state, call));
    }
    case 'machine-power': {
      if (provider.machines === undefined)
        throw new FormworkError('invalid', 'no-machines', 'this provider has no inventory of machines');
      const action = textOf(task.params['action']);
      if (!isPowerAction(action))
        throw new FormworkError('invalid', 'power-state', 'power is on, off, soft, reset or cycle');
      const machineId = textOf(task.params['machineId']);
      return asJson(await provider.machines.power(machineId, action, { signal, timeoutMs: powerTimeoutMs }));
    }
    case 'console': {
      if (provider.console === undefined)
        throw new FormworkError('invalid', 'no-console', 'this provider has no console');
      const node = await nodeOf(deps, task);
      return { text: await provider.console.tail(referenceOf(node), Number(task.params['maxBytes'] ?? 65_536), call) };
    }
    default:
      return assertNever(task.kind);
  }
}

/** Looks at the machines of the site and writes down which answer: somebody watches even when nothing runs. */
async function observe(deps: SiteTaskDeps, provider: Provider, task: SiteTask, call: CallContext): Promise<Json> {
  const nodes = await readSiteNodes(deps.db, task.siteId);
  const seen: Record<string, Json> = {};
  const queue = [...nodes];
  const look = async (): Promise<void> => {
    for (let node = queue.shift(); node !== undefined; node = queue.shift()) {
      try {
        seen[node.name] = await observeOne(deps, provider, node, call);
      } catch (error) {
        deps.log.warn({ nodeId: node.id, error: String(error) }, 'a node could not be observed');
      }
    }
  };
  await Promise.all(Array.from({ length: observedAtOnce }, look));
  return { nodes: seen };
}

async function observeOne(deps: SiteTaskDeps, provider: Provider, node: NodeRow, call: CallContext): Promise<string> {
  const observation = await provider.observeNode(referenceOf(node), call);
  const lost = observation.state === 'absent';
  const state = observation.ready ? 'ready' : 'unreachable';
  if (state !== node.state || lost !== node.lost) {
    await deps.db.transaction((tx) =>
      recordLook(
        tx,
        node.id,
        { state, lost, message: observation.ready ? null : observation.message },
        `worker:${deps.worker}`,
      ),
    );
  }
  return observation.ready ? 'ready' : observation.message;
}

async function nodeOf(deps: SiteTaskDeps, task: SiteTask): Promise<NodeRow> {
  const node = await readNode(deps.db, textOf(task.params['nodeId']));
  if (node === null) throw new FormworkError('not-found', 'node-not-found', 'there is no such node');
  return node;
}

const textOf = (value: Json | undefined): string => (typeof value === 'string' ? value : '');

/** Provider answers are plain data; what is undefined is left out. */
const asJson = (value: unknown): Json => JSON.parse(JSON.stringify(value)) as Json;
