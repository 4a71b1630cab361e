import type { Transaction } from '../transaction.ts';
import type { PrismaClient } from '../generated/client.ts';
import type { Page, PageRequest } from './page.ts';

/** A secret that people set by name, never its value. */
export interface NamedSecret {
  /** As in the secret store: `<scope>/<name>`. */
  readonly ref: string;
  readonly version: number;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

export const namedSecretInventory = (prisma: PrismaClient) => ({
  /** Of one scope, by reference. */
  async list(query: PageRequest & { readonly scope: string }): Promise<Page<NamedSecret>> {
    const groups = await prisma.secret.groupBy({
      by: ['ref'],
      where: { scope: query.scope, ...(query.after === null ? {} : { ref: { gt: query.after[0] ?? '' } }) },
      _max: { version: true, createdAt: true },
      _min: { createdAt: true },
      orderBy: { ref: 'asc' },
      take: query.limit + 1,
    });
    const items = groups.slice(0, query.limit).map(
      (group): NamedSecret => ({
        ref: group.ref,
        version: group._max.version ?? 0,
        createdAt: group._min.createdAt ?? new Date(0),
        updatedAt: group._max.createdAt ?? new Date(0),
      }),
    );
    return { items, next: groups.length > query.limit ? [items.at(-1)?.ref ?? ''] : null };
  },
  /** With the digest of its newest version, which a reference to it holds. */
  async find(scope: string, ref: string): Promise<(NamedSecret & { readonly digest: string }) | null> {
    const [newest, first] = await Promise.all([
      prisma.secret.findFirst({ where: { scope, ref }, orderBy: { version: 'desc' } }),
      prisma.secret.findFirst({ where: { scope, ref }, orderBy: { version: 'asc' }, select: { createdAt: true } }),
    ]);
    if (newest === null) return null;
    return {
      ref,
      version: newest.version,
      digest: newest.digest,
      createdAt: first?.createdAt ?? newest.createdAt,
      updatedAt: newest.createdAt,
    };
  },
  /** Sites whose credentials come from the secret, by the beginning of their references' last part. */
  sitesWithCredentials: (part: string): Promise<readonly { readonly id: string; readonly name: string }[]> =>
    prisma.site.findMany({ where: { credentials: { contains: part } }, select: { id: true, name: true } }),
});

/** Every version of it. */
export async function deleteNamedSecret(tx: Transaction, scope: string, ref: string): Promise<void> {
  await tx.query('DELETE FROM secrets WHERE scope = $1 AND ref = $2', [scope, ref]);
}
