import type { RequestQuery } from '@formwork/api';
import { isUuid, type NodeRoleKeyRow, type NodeRoleTags, type Page, type RowTag } from '@formwork/db';
import type { ServerDeps } from '../deps.ts';
import { pageOfList, pageRequest } from '../http/cursor.ts';
import { stageOrder } from './stage-order.ts';

type Query = RequestQuery<'listNodeRoles'>;

export interface NodeRolePage extends Page<RowTag> {
  /** The deployment's, read with the page. */
  readonly newestEvent: string;
}

export interface NodeRolePages {
  /**
   * Which node-roles of the deployment of that name, in the order of stages; null when there is no such deployment, and
   * `unchanged` when nothing has happened there since the event that is named.
   */
  of(deployment: string, query: Query, unlessEvent?: string): Promise<NodeRolePage | 'unchanged' | null>;
}

interface Place {
  readonly key: string;
  readonly row: NodeRoleKeyRow;
}

/** Node-roles whose order is remembered, over all deployments. */
const keptPlaces = 200_000;

interface Order {
  /** What it depends on. */
  readonly basis: string;
  readonly reading: Promise<readonly Place[]>;
  /** Null until it was read. */
  places: readonly Place[] | null;
}

/**
 * The order of a deployment's node-roles is remembered for as long as its last run and its packs are the same: only an
 * approval, which begins a run, makes node-roles or gives one another stage. What a list shows of them is always read.
 * Usually that is one question: the page is asked for by the order that is remembered, and the answer says whether that
 * order still holds.
 */
export function createNodeRolePages(deps: Pick<ServerDeps, 'content' | 'inventory'>): NodeRolePages {
  const { nodeRoles, deployments } = deps.inventory;
  const orders = new Map<string, Order>();

  const keyOfRow = async (of: NodeRoleTags) => {
    const stored = await deployments.specification(of.deploymentId, of.specificationVersion);
    return stageOrder(deps, { specification: stored?.document ?? null, packs: stored?.packs ?? {} });
  };
  const read = async (of: NodeRoleTags): Promise<readonly Place[]> => {
    const [rows, keyOf] = await Promise.all([nodeRoles.livingKeys(of.deploymentId), keyOfRow(of)]);
    return rows.map((row) => ({ key: keyOf(row), row })).sort((a, b) => (a.key < b.key ? -1 : 1));
  };
  const placesOf = (name: string, of: NodeRoleTags): Promise<readonly Place[]> => {
    const basis = JSON.stringify([of.deploymentId, of.lastRun, of.specificationVersion]);
    const known = orders.get(name);
    if (known?.basis === basis) return known.reading;
    const order: Order = { basis, reading: read(of), places: null };
    orders.set(name, order);
    order.reading.then(
      (places) => {
        order.places = places;
        shorten();
      },
      () => orders.delete(name),
    );
    return order.reading;
  };
  const shorten = (): void => {
    let count = [...orders.values()].reduce((sum, { places }) => sum + (places?.length ?? 0), 0);
    for (const [name, { places }] of orders) {
      if (count <= keptPlaces || orders.size === 1) return;
      orders.delete(name);
      count -= places?.length ?? 0;
    }
  };

  return {
    async of(name, query, unlessEvent) {
      const { state, run } = query;
      const request = pageRequest(query);
      if (state?.includes('removed') === true || (run !== undefined && !isUuid(run))) {
        const deployment = await nodeRoles.tags(name, { ids: [] });
        if (deployment === null) return null;
        const rows = await nodeRoles.list({
          deploymentId: deployment.deploymentId,
          ...(state === undefined ? {} : { states: state }),
          ...(run === undefined ? {} : { runId: run }),
        });
        const page = pageOfList(rows.filter(fits(query)), request, await keyOfRow(deployment));
        // Never the tag of a row that was kept: it is read anew.
        return { ...page, items: page.items.map(({ id }) => ({ id, tag: '' })), newestEvent: deployment.newestEvent };
      }
      const after = request.after?.[0] ?? null;
      const wanted = request.limit + 1;
      const isFitting = fits(query);
      const filter = {
        ...(state === undefined ? {} : { states: state }),
        ...(run === undefined ? {} : { runId: run }),
      };
      const isFiltered = state !== undefined || run !== undefined;
      const remembered = orders.get(name)?.places ?? [];
      const guess = take(remembered, placeAfter(remembered, after), wanted, isFitting).map(idOf);
      const ids = isFiltered ? null : guess;
      const first = await nodeRoles.tags(name, { ...filter, ids, unlessEvent }, request.limit);
      if (first === null) return null;
      if (first.tags === null) return 'unchanged';
      const places = await placesOf(name, first);
      // Fewer than a page fit at all: then there is nothing left to ask for.
      const isAll = isFiltered && first.tags.length < wanted;
      let answer = isAll || (!isFiltered && places === remembered) ? first.tags : null;
      const found: { readonly key: string; readonly row: RowTag }[] = [];
      let count = isAll ? places.length : wanted;
      for (let at = placeAfter(places, after); found.length < wanted && at < places.length; ) {
        const chunk = take(places, at, count, isFitting);
        const ids = chunk.map(idOf);
        answer ??= ids.length === 0 ? [] : ((await nodeRoles.tags(name, { ...filter, ids }))?.tags ?? []);
        const living = new Map(answer.map((row) => [row.id, row]));
        answer = null;
        // Some do not fit, or were removed since the order was read: then more are taken.
        for (const { place } of chunk) {
          const tagged = living.get(place.row.id);
          if (tagged !== undefined) found.push({ key: place.key, row: tagged });
        }
        at = (chunk.at(-1)?.at ?? places.length) + 1;
        count *= 2;
      }
      const shown = found.slice(0, request.limit);
      const last = shown.at(-1);
      return {
        items: shown.map((one) => one.row),
        newestEvent: first.newestEvent,
        next: found.length > request.limit && last !== undefined ? [last.key] : null,
      };
    },
  };
}

const idOf = ({ place }: { readonly place: Place }): string => place.row.id;

/** The next so many places that fit, from one on, with where they are. */
function take(
  places: readonly Place[],
  from: number,
  count: number,
  isFitting: (row: NodeRoleKeyRow) => boolean,
): readonly { readonly place: Place; readonly at: number }[] {
  const taken: { readonly place: Place; readonly at: number }[] = [];
  for (let at = from; at < places.length && taken.length < count; at += 1) {
    const place = places[at];
    if (place !== undefined && isFitting(place.row)) taken.push({ place, at });
  }
  return taken;
}

/** Where the first place after a key is. */
function placeAfter(places: readonly Place[], after: string | null): number {
  if (after === null) return 0;
  let [low, high] = [0, places.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((places[middle]?.key ?? '') > after) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** What of the query never changes. */
function fits({ role, node }: Query): (row: NodeRoleKeyRow) => boolean {
  const nodeId = node !== undefined && isUuid(node) ? node.toLowerCase() : null;
  return (row) =>
    (role === undefined || row.role === role || row.as === role) &&
    (node === undefined || row.node === node || (nodeId !== null && row.nodeId === nodeId));
}
