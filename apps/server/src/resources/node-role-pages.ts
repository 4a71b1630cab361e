import type { RequestQuery } from '@formwork/api';
import { type DeploymentRecord, isUuid, type NodeRoleKeyRow, type Page, type RowTag } from '@formwork/db';
import type { ServerDeps } from '../deps.ts';
import { pageOfList, pageRequest } from '../http/cursor.ts';
import { stageOrder } from './stage-order.ts';

type Query = RequestQuery<'listNodeRoles'>;

export interface NodeRolePages {
  /** Which node-roles, in the order of stages. */
  of(deployment: DeploymentRecord, query: Query): Promise<Page<RowTag>>;
}

interface Place {
  readonly key: string;
  readonly row: NodeRoleKeyRow;
}

/** Node-roles whose order is remembered, over all deployments. */
const keptPlaces = 200_000;

/**
 * The order of a deployment's node-roles is remembered for as long as its last run and its packs are the same: only an
 * approval, which begins a run, makes node-roles or gives one another stage. What a list shows of them is always read.
 */
export function createNodeRolePages(deps: Pick<ServerDeps, 'content' | 'inventory'>): NodeRolePages {
  const { nodeRoles } = deps.inventory;
  const orders = new Map<
    string,
    { readonly basis: string; readonly places: Promise<readonly Place[]>; count: number }
  >();

  const read = async (deployment: DeploymentRecord): Promise<readonly Place[]> => {
    const [rows, keyOf] = await Promise.all([nodeRoles.livingKeys(deployment.id), stageOrder(deps, deployment)]);
    return rows.map((row) => ({ key: keyOf(row), row })).sort((a, b) => (a.key < b.key ? -1 : 1));
  };
  const placesOf = (deployment: DeploymentRecord): Promise<readonly Place[]> => {
    const { id, lastRun, specification, packs } = deployment;
    const basis = JSON.stringify([lastRun, specification?.workflow, packs]);
    const known = orders.get(id);
    if (known?.basis === basis) return known.places;
    const places = read(deployment);
    const order = { basis, places, count: 0 };
    orders.set(id, order);
    places.then(
      ({ length }) => {
        order.count = length;
        shorten();
      },
      () => orders.delete(id),
    );
    return places;
  };
  const shorten = (): void => {
    let count = [...orders.values()].reduce((sum, order) => sum + order.count, 0);
    for (const [id, order] of orders) {
      if (count <= keptPlaces || orders.size === 1) return;
      orders.delete(id);
      count -= order.count;
    }
  };

  return {
    async of(deployment, query) {
      const { state, run } = query;
      const request = pageRequest(query);
      const filter = {
        deploymentId: deployment.id,
        ...(state === undefined ? {} : { states: state }),
        ...(run === undefined ? {} : { runId: run }),
      };
      if (state?.includes('removed') === true) {
        const rows = (await nodeRoles.list(filter)).filter(fits(query));
        const page = pageOfList(rows, request, await stageOrder(deps, deployment));
        // Never the tag of a row that was kept: it is read anew.
        return { items: page.items.map(({ id }) => ({ id, tag: '' })), next: page.next };
      }
      const fitting = state === undefined && run === undefined ? null : new Set(await nodeRoles.ids(filter));
      const isFitting = fits(query);
      const places = await placesOf(deployment);
      const found: { readonly key: string; readonly row: RowTag }[] = [];
      let at = placeAfter(places, request.after?.[0] ?? null);
      while (found.length <= request.limit && at < places.length) {
        const chunk: Place[] = [];
        for (; at < places.length && chunk.length <= request.limit - found.length; at += 1) {
          const place = places[at];
          if (place !== undefined && isFitting(place.row) && fitting?.has(place.row.id) !== false) chunk.push(place);
        }
        const rows = chunk.length === 0 ? [] : await nodeRoles.livingTags(chunk.map((place) => place.row.id));
        const living = new Map(rows.map((row) => [row.id, row]));
        // Some were removed since the order was read: then more are taken.
        for (const { key, row } of chunk) {
          const tagged = living.get(row.id);
          if (tagged !== undefined) found.push({ key, row: tagged });
        }
      }
      const shown = found.slice(0, request.limit);
      const last = shown.at(-1);
      return {
        items: shown.map((one) => one.row),
        next: found.length > request.limit && last !== undefined ? [last.key] : null,
      };
    },
  };
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
