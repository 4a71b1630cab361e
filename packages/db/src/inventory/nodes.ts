import type { NodeState } from '@formwork/core';
import type { NodeRow } from '../engine/snapshot.ts';
import { Prisma, type PrismaClient } from '../generated/client.ts';
import { afterNameAndId, isUuid, nameAndId, type Page, type PageRequest, toPage } from './page.ts';
import { asFacts, asSize, asStringMap, asStrings } from './stored-json.ts';

/** A machine as people see it. */
export interface NodeRecord extends Omit<NodeRow, 'sshUser' | 'hostKey' | 'incarnation' | 'candidate'> {
  readonly deployment: string | null;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

const include = {
  site: { select: { name: true, provider: true } },
  deployment: { select: { name: true } },
} as const;

export interface NodeQuery {
  readonly site?: string;
  readonly deployment?: string;
  readonly group?: string;
  /** Destroyed ones only when they are named here. */
  readonly states?: readonly string[];
  /** `key` or `key=value`. */
  readonly label?: string;
  /** Null for all. */
  readonly siteIds: readonly string[] | null;
  readonly deploymentIds: readonly string[] | null;
}

export const nodeInventory = (prisma: PrismaClient) => ({
  async list(query: PageRequest & NodeQuery): Promise<Page<NodeRecord>> {
    const rows = await prisma.node.findMany({
      where: { AND: [afterNameAndId(query.after), ...conditions(query)] },
      include,
      orderBy: [{ name: 'asc' }, { id: 'asc' }],
      take: query.limit + 1,
    });
    return toPage(rows.map(toRecord), query.limit, nameAndId);
  },
  /** By id, or by the name of a living node; else the last destroyed one of that name. */
  async find(idOrName: string): Promise<NodeRecord | null> {
    const row =
      (isUuid(idOrName) ? await prisma.node.findUnique({ where: { id: idOrName }, include }) : null) ??
      (await prisma.node.findFirst({ where: { name: idOrName, state: { not: 'destroyed' } }, include })) ??
      (await prisma.node.findFirst({ where: { name: idOrName }, orderBy: { createdAt: 'desc' }, include }));
    return row === null ? null : toRecord(row);
  },
});

function conditions(query: NodeQuery): Prisma.NodeWhereInput[] {
  const all: Prisma.NodeWhereInput[] = [
    query.states === undefined ? { state: { not: 'destroyed' } } : { state: { in: [...query.states] } },
  ];
  if (query.site !== undefined) {
    const { site } = query;
    all.push(isUuid(site) ? { OR: [{ siteId: site }, { site: { name: site } }] } : { site: { name: site } });
  }
  if (query.deployment !== undefined) all.push({ deployment: { name: query.deployment } });
  if (query.group !== undefined) all.push({ groupName: query.group });
  if (query.label !== undefined) all.push(labelled(query.label));
  if (query.siteIds !== null) all.push({ siteId: { in: [...query.siteIds] } });
  if (query.deploymentIds !== null) {
    all.push({ OR: [{ deploymentId: null }, { deploymentId: { in: [...query.deploymentIds] } }] });
  }
  return all;
}

function labelled(label: string): Prisma.NodeWhereInput {
  const at = label.indexOf('=');
  if (at === -1) return { labels: { path: [label], not: Prisma.AnyNull } };
  return { labels: { path: [label.slice(0, at)], equals: label.slice(at + 1) } };
}

type Row = Prisma.NodeGetPayload<{ include: typeof include }>;

const toRecord = (row: Row): NodeRecord => ({
  id: row.id,
  name: row.name,
  siteId: row.siteId,
  site: row.site.name,
  provider: row.site.provider,
  deploymentId: row.deploymentId,
  deployment: row.deployment?.name ?? null,
  group: row.groupName,
  ordinal: row.ordinal,
  state: asState(row.state),
  origin: asOrigin(row.origin),
  message: row.message,
  image: row.image,
  size: asSize(row.size),
  capabilities: asStrings(row.capabilities),
  labels: asStringMap(row.labels),
  facts: asFacts(row.facts),
  host: row.host,
  port: row.port,
  providerId: row.providerId,
  locked: row.locked,
  maintenance: row.maintenance,
  lost: row.lost,
  version: row.version,
  createdAt: row.createdAt,
  updatedAt: row.updatedAt,
});

/** Text columns whose values a CHECK or the engine's types keep to these. */
const asState = (text: string): NodeState => text as NodeState;
const asOrigin = (text: string): NodeRecord['origin'] => text as NodeRecord['origin'];
