import type { Pack } from '@formwork/core';
import type { PrismaClient } from '../generated/client.ts';
import { afterNameAndId, nameAndId, type Page, type PageRequest, toPage } from './page.ts';
import { asPack } from './stored-json.ts';

export interface PackRecord {
  readonly id: string;
  readonly name: string;
  readonly pack: Pack;
  readonly createdAt: Date;
}

export const packInventory = (prisma: PrismaClient) => ({
  /** By name, then in the order they were stored. */
  async list(query: PageRequest & { readonly name?: string }): Promise<Page<PackRecord>> {
    const rows = await prisma.pack.findMany({
      where: { AND: [afterNameAndId(query.after), query.name === undefined ? {} : { name: query.name }] },
      orderBy: [{ name: 'asc' }, { id: 'asc' }],
      take: query.limit + 1,
    });
    return toPage(
      rows.map((row) => ({ ...row, pack: asPack(row.document) })),
      query.limit,
      nameAndId,
    );
  },
  async all(): Promise<readonly PackRecord[]> {
    const rows = await prisma.pack.findMany({ orderBy: [{ name: 'asc' }, { createdAt: 'asc' }] });
    return rows.map((row) => ({ id: row.id, name: row.name, pack: asPack(row.document), createdAt: row.createdAt }));
  },
});
