import { type NodeResponse, routes } from '@formwork/api';
import { FormworkError, isJsonObject } from '@formwork/core';
import { changeNode, forgetNode, type NodeRecord, type NodeSettings, type Position } from '@formwork/db';
import { reachableIds } from '../auth/caller.ts';
import type { ServerDeps } from '../deps.ts';
import type { EventHub } from '../events/event-hub.ts';
import { audit } from '../http/audit.ts';
import { createEncodedItems } from '../http/encoded-items.ts';
import { encodeCursor, pageRequest } from '../http/cursor.ts';
import type { Handlers } from '../http/handler.ts';
import { notFound } from '../http/problems.ts';
import { requireAnswer } from '../sites/ask-site.ts';

type Operations =
  | 'listNodes'
  | 'getNode'
  | 'patchNode'
  | 'deleteNode'
  | 'getNodeFacts'
  | 'listNodeEvents'
  | 'setNodePower'
  | 'getNodeConsole';

const callTimeoutMs = 35_000;
const consoleBytes = 65_536;

export function nodeHandlers(deps: ServerDeps & { readonly hub: EventHub }): Pick<Handlers, Operations> {
  const { db, inventory } = deps;
  const encoded = createEncodedItems('listNodes', routes.listNodes);
  const find = async (idOrName: string): Promise<NodeRecord> => {
    const node = await inventory.nodes.find(idOrName);
    if (node === null) throw notFound(`node ${idOrName}`);
    return node;
  };
  const read = async (ids: readonly string[]) =>
    (await inventory.nodes.byIds(ids)).map((node) => ({
      id: node.id,
      tag: node.tag,
      version: node.version,
      item: toNodeResponse(node),
      stays: true,
    }));
  const askAbout = async (
    node: NodeRecord,
    kind: 'power' | 'console',
    params: Readonly<Record<string, string | number>>,
    call: { readonly caller: { readonly actor: string }; readonly signal: AbortSignal },
  ) => {
    const site = { id: node.siteId, name: node.site };
    const question = { site, kind, params: { nodeId: node.id, ...params }, actor: call.caller.actor };
    return requireAnswer(deps, question, callTimeoutMs, call.signal);
  };
  return {
    listNodes: async ({ query, caller }) => {
      const { site, deployment, group, state, label } = query;
      const page = await inventory.nodes.list({
        ...pageRequest(query),
        siteIds: await reachableIds(caller, 'site', () => inventory.sites.names()),
        deploymentIds: await reachableIds(caller, 'deployment', () => inventory.deployments.names()),
        ...(site === undefined ? {} : { site }),
        ...(deployment === undefined ? {} : { deployment }),
        ...(group === undefined ? {} : { group }),
        ...(state === undefined ? {} : { states: state }),
        ...(label === undefined ? {} : { label }),
      });
      const next = page.next === null ? null : encodeCursor(page.next);
      if (query.fields === undefined) return encoded.page(page.items, next, read);
      const nodes = new Map(
        (await inventory.nodes.byIds(page.items.map(({ id }) => id))).map((node) => [node.id, node]),
      );
      const items = page.items.flatMap(({ id }) => nodes.get(id) ?? []);
      return { body: { items: items.map(toNodeResponse), next } };
    },
    getNode: async ({ params }) => {
      const found = await inventory.nodes.tag(params.node);
      if (found === null) throw notFound(`node ${params.node}`);
      const answer = await encoded.one(found, async () => (await read([found.id]))[0] ?? null);
      if (answer === null) throw notFound(`node ${params.node}`);
      return answer;
    },
    patchNode: async ({ params, body, caller, ifMatch }) => {
      const before = await find(params.node);
      const labels = new Map(Object.entries(before.labels));
      for (const [name, value] of Object.entries(body.labels ?? {})) {
        if (value === null) labels.delete(name);
        else labels.set(name, value);
      }
      const settings: NodeSettings = {
        ...(body.labels === undefined ? {} : { labels: Object.fromEntries(labels) }),
        ...(body.locked === undefined ? {} : { locked: body.locked }),
        ...(body.maintenance === undefined ? {} : { maintenance: body.maintenance }),
        ...(body.lost === undefined ? {} : { lost: body.lost }),
      };
      await db.transaction(async (tx) => {
        await changeNode(tx, { id: before.id, expectedVersion: ifMatch, actor: caller.actor, settings });
        const { locked, maintenance, lost } = before;
        const was = { labels: before.labels, locked, maintenance, lost };
        await audit(tx, caller, 'node.change', `node:${before.name}`, was, { ...was, ...settings });
      });
      const after = await find(before.id);
      return { body: toNodeResponse(after), version: after.version };
    },
    deleteNode: async ({ params, caller, ifMatch }) => {
      const node = await find(params.node);
      await db.transaction(async (tx) => {
        await forgetNode(tx, { id: node.id, expectedVersion: ifMatch, actor: caller.actor });
        const was = { id: node.id, state: node.state, lost: node.lost };
        await audit(tx, caller, 'node.forget', `node:${node.name}`, was, null);
      });
      return { body: undefined };
    },
    getNodeFacts: async ({ params }) => {
      const node = await find(params.node);
      const known = Object.keys(node.facts).length > 0;
      return { body: { facts: node.facts, at: known ? node.updatedAt.toISOString() : null } };
    },
    listNodeEvents: async ({ params, query }) => {
      const node = await find(params.node);
      const { after, limit } = pageRequest(query);
      const before = numberAt(after);
      const rows = await inventory.events.list({
        nodeIds: [node.id],
        newestFirst: true,
        limit: limit + 1,
        ...(before === null ? {} : { before }),
      });
      const shared = await deps.hub.share(rows.slice(0, limit));
      const last = shared.at(-1);
      return {
        body: {
          items: shared.map((event) => event.response),
          next: rows.length > limit && last !== undefined ? encodeCursor([String(last.row.id)]) : null,
        },
      };
    },
    setNodePower: async ({ params, body, caller, signal }) => {
      const node = await find(params.node);
      await db.transaction((tx) => audit(tx, caller, 'node.power', `node:${node.name}`, null, { state: body.state }));
      const result = await askAbout(node, 'power', { state: body.state }, { caller, signal });
      const { state, progress, failure } = result;
      if (state === 'failed') {
        const why = isJsonObject(failure) && typeof failure['message'] === 'string' ? failure['message'] : 'no reason';
        throw new FormworkError('conflict', 'power-failed', `the provider could not switch ${node.name}: ${why}`);
      }
      const done = state === 'done';
      const message = typeof progress === 'string' ? progress : '';
      return { status: done ? 200 : 202, body: { node: node.name, state: body.state, done, message } };
    },
    getNodeConsole: async ({ params, query, caller, signal }) => {
      const node = await find(params.node);
      const maxBytes = Math.min(query.maxBytes ?? consoleBytes, 1024 * 1024);
      const result = await askAbout(node, 'console', { maxBytes }, { caller, signal });
      const text = typeof result['text'] === 'string' ? result['text'] : '';
      return { body: { node: node.name, text }, text };
    },
  };
}

/** The number in a cursor of a list by a falling number. */
export function numberAt(after: Position | null): number | null {
  if (after === null) return null;
  const number = Number(after[0]);
  if (Number.isSafeInteger(number) && number >= 0) return number;
  throw new FormworkError('invalid', 'bad-cursor', 'the cursor is not one of this list; start again without it');
}

const toNodeResponse = (node: NodeRecord): NodeResponse => ({
  id: node.id,
  name: node.name,
  site: node.site,
  provider: node.provider,
  deployment: node.deployment,
  group: node.group === '' ? null : node.group,
  ordinal: node.ordinal,
  state: node.maintenance && node.state === 'ready' ? 'maintenance' : node.state,
  origin: node.origin,
  message: node.message ?? '',
  image: node.image,
  size: node.size,
  capabilities: node.capabilities,
  labels: node.labels,
  addresses:
    node.host === null
      ? []
      : [{ host: node.host, port: node.port ?? 22, family: node.host.includes(':') ? 6 : 4, scope: 'private' }],
  providerId: node.providerId,
  locked: node.locked,
  maintenance: node.maintenance,
  lost: node.lost,
  version: node.version,
  createdAt: node.createdAt.toISOString(),
  updatedAt: node.updatedAt.toISOString(),
});
