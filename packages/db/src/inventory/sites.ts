import type { Catalogue, Json, JsonObject } from '@formwork/core';
import type { SiteProblemRow } from '../boot/site-problems.ts';
import type { Prisma, PrismaClient } from '../generated/client.ts';
import { afterNameAndId, isUuid, nameAndId, type Page, type PageRequest, toPage } from './page.ts';
import { asCatalogue, asJson, asObject, asParams } from './stored-json.ts';

export interface SiteRecord {
  readonly id: string;
  readonly name: string;
  readonly provider: string;
  readonly configuration: JsonObject;
  readonly params: Readonly<Record<string, Json>>;
  /** Reference into the secret store. */
  readonly credentials: string | null;
  readonly maxNodes: number | null;
  readonly catalogue: Catalogue | null;
  /** As the worker answered it. */
  readonly check: Json;
  /** Null when that is not known any more. */
  readonly checkedAt: Date | null;
  /** Living nodes. */
  readonly nodes: number;
  /** What is wrong there now, as whoever serves it sees it. */
  readonly problems: readonly SiteProblemRow[];
  readonly version: number;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

const include = {
  tasks: {
    where: { kind: 'check', state: 'done' },
    orderBy: { endedAt: 'desc' },
    take: 1,
    select: { endedAt: true },
  },
  problems: { orderBy: [{ code: 'asc' }, { subject: 'asc' }] },
  _count: { select: { nodes: { where: { state: { not: 'destroyed' } } } } },
} as const satisfies Prisma.SiteInclude;

export const siteInventory = (prisma: PrismaClient) => ({
  async list(
    query: PageRequest & {
      readonly provider?: string;
      /** Null for all. */ readonly ids: readonly string[] | null;
    },
  ): Promise<Page<SiteRecord>> {
    const rows = await prisma.site.findMany({
      where: {
        AND: [
          afterNameAndId(query.after),
          query.provider === undefined ? {} : { provider: query.provider },
          query.ids === null ? {} : { id: { in: [...query.ids] } },
        ],
      },
      include,
      orderBy: [{ name: 'asc' }, { id: 'asc' }],
      take: query.limit + 1,
    });
    return toPage(rows.map(toRecord), query.limit, nameAndId);
  },
  /** By id or name. */
  async find(idOrName: string): Promise<SiteRecord | null> {
    const row = await prisma.site.findFirst({
      where: isUuid(idOrName) ? { OR: [{ id: idOrName }, { name: idOrName }] } : { name: idOrName },
      include,
    });
    return row === null ? null : toRecord(row);
  },
  names: (): Promise<readonly { readonly id: string; readonly name: string }[]> =>
    prisma.site.findMany({ select: { id: true, name: true } }),
});

type Row = Prisma.SiteGetPayload<{ include: typeof include }>;

const toRecord = (row: Row): SiteRecord => ({
  id: row.id,
  name: row.name,
  provider: row.provider,
  configuration: asObject(row.configuration),
  params: asParams(row.params),
  credentials: row.credentials,
  maxNodes: row.maxNodes,
  catalogue: asCatalogue(row.catalogue),
  check: asJson(row.check),
  checkedAt: row.tasks[0]?.endedAt ?? null,
  nodes: row._count.nodes,
  problems: row.problems,
  version: row.version,
  createdAt: row.createdAt,
  updatedAt: row.updatedAt,
});
