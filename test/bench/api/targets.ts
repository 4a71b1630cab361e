import { createClient } from '@formwork/api';
import type { Filled } from './fill.ts';

/** A kind of request that is measured, with paths that are asked in turn. */
export interface Target {
  readonly name: string;
  readonly paths: readonly string[];
  /** Held to five times a bare route in the open loop. */
  readonly held: boolean;
}

const some = <T>(items: readonly T[], count: number): readonly T[] =>
  Array.from({ length: count }, (_, at) => items[Math.floor((at * items.length) / count)]).flatMap((item) =>
    item === undefined ? [] : [item],
  );

/** The requests, over cursors and names all over the database. */
export async function chooseTargets(baseUrl: string, token: string, filled: Filled): Promise<readonly Target[]> {
  const client = createClient({ baseUrl, token, timeoutMs: 120_000 });
  const cursors: string[] = [];
  const names: string[] = [];
  for (let cursor: string | null = null; ; ) {
    const query = { limit: 100, ...(cursor === null ? {} : { cursor }) };
    const page: Awaited<ReturnType<typeof listNodes>> = await listNodes(query);
    names.push(...page.items.map((node) => node.name));
    cursor = page.next;
    if (cursor === null) break;
    cursors.push(cursor);
  }
  function listNodes(query: { readonly limit: number; readonly cursor?: string }) {
    return client.call('listNodes', { query });
  }
  const eventCursors: string[] = [];
  for (let cursor: string | null = null; ; ) {
    const query = { limit: 500, ...(cursor === null ? {} : { cursor }) };
    const page: Awaited<ReturnType<typeof listEvents>> = await listEvents(query);
    cursor = page.next;
    if (cursor === null) break;
    eventCursors.push(cursor);
  }
  function listEvents(query: { readonly limit: number; readonly cursor?: string }) {
    return client.call('listEvents', { query });
  }
  const { large, small } = filled;
  const nodeRoles = `/api/v1/deployments/${large}/node-roles`;
  const page = await client.call('listNodeRoles', { params: { name: large }, query: { limit: 100 } });
  const later = await client.call('listNodeRoles', {
    params: { name: large },
    query: { limit: 500, ...(page.next === null ? {} : { cursor: page.next }) },
  });
  return [
    {
      name: 'list nodes',
      held: true,
      paths: ['/api/v1/nodes', ...some(cursors, 19).map((cursor) => `/api/v1/nodes?cursor=${cursor}`)],
    },
    {
      name: 'list nodes, filtered',
      held: true,
      paths: [
        `/api/v1/nodes?deployment=${large}&state=ready`,
        `/api/v1/nodes?deployment=${small}`,
        '/api/v1/nodes?site=yard-3',
        '/api/v1/nodes?label=rack=r7',
        '/api/v1/nodes?site=yard-2&group=nodes&state=ready,failed',
      ],
    },
    { name: 'get node', held: true, paths: some(names, 100).map((name) => `/api/v1/nodes/${name}`) },
    { name: 'list deployments', held: true, paths: ['/api/v1/deployments', '/api/v1/deployments?state=failed'] },
    {
      name: 'get deployment',
      held: true,
      paths: [`/api/v1/deployments/${large}`, `/api/v1/deployments/${small}`, '/api/v1/deployments/unit-07'],
    },
    {
      name: 'list node-roles',
      held: true,
      paths: [nodeRoles, `${nodeRoles}?cursor=${page.next ?? ''}`, `${nodeRoles}?cursor=${later.next ?? ''}`],
    },
    {
      name: 'list node-roles, filtered',
      held: true,
      paths: [
        `${nodeRoles}?role=step-two`,
        `${nodeRoles}?node=${large}-nodes-500`,
        `/api/v1/deployments/unit-11/node-roles?state=failed`,
        `/api/v1/deployments/${small}/node-roles?state=active`,
      ],
    },
    {
      name: 'get node-role',
      held: true,
      paths: Array.from({ length: 50 }, (_, at) => `${nodeRoles}/step-two@${large}-nodes-${String(at * 20 + 1)}`),
    },
    { name: 'graph of 1,000 nodes', held: false, paths: [`/api/v1/deployments/${large}/graph`] },
    {
      name: 'replay events, 500 a page',
      held: false,
      paths: ['/api/v1/events?limit=500', ...eventCursors.map((cursor) => `/api/v1/events?limit=500&cursor=${cursor}`)],
    },
  ];
}
