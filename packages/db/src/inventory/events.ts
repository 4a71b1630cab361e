import type { EventRow } from '../engine/feed.ts';
import type { Event, Prisma, PrismaClient } from '../generated/client.ts';
import { asObject } from './stored-json.ts';

export interface EventQuery {
  readonly limit: number;
  readonly newestFirst: boolean;
  /** Ids greater than this. */
  readonly after?: number;
  /** Ids smaller than this. */
  readonly before?: number;
  /** Kinds; one that ends in `.` stands for all that begin so. */
  readonly kinds?: readonly string[];
  readonly deploymentIds?: readonly string[];
  readonly nodeIds?: readonly string[];
  readonly runId?: string;
  readonly siteId?: string;
}

/** What the ids in an event stand for. Names of deployments, nodes and sites never change. */
export interface EventNames {
  readonly deployments: ReadonlyMap<string, string>;
  readonly nodes: ReadonlyMap<string, { readonly name: string; readonly site: string }>;
  readonly sites: ReadonlyMap<string, string>;
}

export const eventInventory = (prisma: PrismaClient) => ({
  async list(query: EventQuery): Promise<readonly EventRow[]> {
    const rows = await prisma.event.findMany({
      where: { AND: await conditions(prisma, query) },
      orderBy: { id: query.newestFirst ? 'desc' : 'asc' },
      take: query.limit,
    });
    return rows.map(toRow);
  },
  async nodeIds(idOrName: string, isId: boolean): Promise<readonly string[]> {
    if (isId) return [idOrName];
    return (await prisma.node.findMany({ where: { name: idOrName }, select: { id: true } })).map((row) => row.id);
  },
  async names(ids: {
    readonly deploymentIds: readonly string[];
    readonly nodeIds: readonly string[];
    readonly siteIds: readonly string[];
  }): Promise<EventNames> {
    const [deployments, nodes, sites] = await Promise.all([
      ids.deploymentIds.length === 0
        ? []
        : prisma.deployment.findMany({
            where: { id: { in: [...ids.deploymentIds] } },
            select: { id: true, name: true },
          }),
      ids.nodeIds.length === 0
        ? []
        : prisma.node.findMany({
            where: { id: { in: [...ids.nodeIds] } },
            select: { id: true, name: true, site: { select: { name: true } } },
          }),
      ids.siteIds.length === 0
        ? []
        : prisma.site.findMany({ where: { id: { in: [...ids.siteIds] } }, select: { id: true, name: true } }),
    ]);
    return {
      deployments: new Map(deployments.map((row) => [row.id, row.name])),
      nodes: new Map(nodes.map((row) => [row.id, { name: row.name, site: row.site.name }])),
      sites: new Map(sites.map((row) => [row.id, row.name])),
    };
  },
  /** Id of a deployment's newest event: grows with everything that happens to it. */
  async newestOf(deploymentId: string): Promise<number> {
    const row = await prisma.event.findFirst({
      where: { deploymentId },
      orderBy: { id: 'desc' },
      select: { id: true },
    });
    return Number(row?.id ?? 0);
  },
});

async function conditions(prisma: PrismaClient, query: EventQuery): Promise<Prisma.EventWhereInput[]> {
  const all: Prisma.EventWhereInput[] = [];
  if (query.after !== undefined) all.push({ id: { gt: query.after } });
  if (query.before !== undefined) all.push({ id: { lt: query.before } });
  if (query.deploymentIds !== undefined) all.push({ deploymentId: { in: [...query.deploymentIds] } });
  if (query.nodeIds !== undefined) all.push({ nodeId: { in: [...query.nodeIds] } });
  if (query.runId !== undefined) all.push({ runId: query.runId });
  if (query.siteId !== undefined) {
    const nodes = await prisma.node.findMany({ where: { siteId: query.siteId }, select: { id: true }, take: 20_000 });
    all.push({
      OR: [{ nodeId: { in: nodes.map((node) => node.id) } }, { data: { path: ['siteId'], equals: query.siteId } }],
    });
  }
  if (query.kinds !== undefined) {
    all.push({ OR: query.kinds.map((kind) => ({ kind: kind.endsWith('.') ? { startsWith: kind } : kind })) });
  }
  return all;
}

const toRow = (row: Event): EventRow => ({
  id: Number(row.id),
  at: row.at.toISOString(),
  kind: row.kind,
  actor: row.actor,
  deploymentId: row.deploymentId,
  runId: row.runId,
  nodeId: row.nodeId,
  nodeRoleId: row.nodeRoleId,
  data: asObject(row.data),
});
