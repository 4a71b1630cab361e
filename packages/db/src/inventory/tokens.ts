import { FormworkError } from '@formwork/core';
import type { Database } from '../database.ts';
import type { Transaction } from '../transaction.ts';
import type { PrismaClient, Token } from '../generated/client.ts';
import { type TokenGrant, tokenRole, tokenScope } from '../tokens/grant.ts';
import { afterNameAndId, isUuid, nameAndId, type Page, type PageRequest, toPage } from './page.ts';
import type { Reader } from './reader.ts';

export interface TokenRecord extends TokenGrant {
  readonly id: string;
  readonly name: string;
  readonly hash: string;
  readonly createdBy: string;
  readonly createdAt: Date;
  readonly lastUsedAt: Date | null;
}

const byHash = `SELECT id, name, hash, role, scope, created_by AS "createdBy", created_at AS "createdAt", last_used_at AS "lastUsedAt",
  expires_at AS "expiresAt", revoked_at AS "revokedAt" FROM tokens WHERE hash = $1`;

export const tokenInventory = (prisma: PrismaClient, reader: Reader) => ({
  async list(query: PageRequest): Promise<Page<TokenRecord>> {
    const rows = await prisma.token.findMany({
      where: afterNameAndId(query.after),
      orderBy: [{ name: 'asc' }, { id: 'asc' }],
      take: query.limit + 1,
    });
    return toPage(rows.map(toRecord), query.limit, nameAndId);
  },
  async byHash(hash: string): Promise<TokenRecord | null> {
    const [row] = await reader.prepared<Token>(byHash, [hash]);
    return row === undefined ? null : toRecord(row);
  },
  /** By id, or by name among those that are not revoked. */
  async find(idOrName: string): Promise<readonly TokenRecord[]> {
    if (isUuid(idOrName)) {
      const row = await prisma.token.findUnique({ where: { id: idOrName } });
      if (row !== null) return [toRecord(row)];
    }
    return (await prisma.token.findMany({ where: { name: idOrName, revokedAt: null } })).map(toRecord);
  },
});

const toRecord = (row: Token): TokenRecord => ({
  ...row,
  role: tokenRole.parse(row.role),
  scope: tokenScope.parse(row.scope),
});

export async function insertToken(
  tx: Transaction,
  token: {
    readonly id: string;
    readonly name: string;
    readonly hash: string;
    readonly role: string;
    readonly scope: TokenGrant['scope'];
    readonly expiresAt: Date | null;
    readonly actor: string;
  },
): Promise<void> {
  // Names are how people revoke: one living token a name.
  await tx.query(`SELECT pg_advisory_xact_lock(hashtext('formwork.tokens'))`);
  const taken = await tx.query('SELECT id FROM tokens WHERE name = $1 AND revoked_at IS NULL', [token.name]);
  if (taken.length > 0) {
    throw new FormworkError(
      'conflict',
      'already-exists',
      `there is a token ${token.name} already; choose another name`,
    );
  }
  await tx.query(
    'INSERT INTO tokens (id, name, hash, role, scope, expires_at, created_by) VALUES ($1, $2, $3, $4, $5, $6, $7)',
    [token.id, token.name, token.hash, token.role, JSON.stringify(token.scope), token.expiresAt, token.actor],
  );
  tx.emit({
    kind: 'token.created',
    actor: token.actor,
    data: { tokenId: token.id, name: token.name, role: token.role },
  });
}

export async function revokeToken(
  tx: Transaction,
  token: { readonly id: string; readonly name: string; readonly actor: string },
): Promise<void> {
  await tx.query('UPDATE tokens SET revoked_at = COALESCE(revoked_at, now()) WHERE id = $1', [token.id]);
  tx.emit({ kind: 'token.revoked', actor: token.actor, data: { tokenId: token.id, name: token.name } });
}

/** At most once a minute for a token. */
export async function recordTokenUse(db: Pick<Database, 'query'>, id: string): Promise<void> {
  await db.query(
    `UPDATE tokens SET last_used_at = now() WHERE id = $1 AND (last_used_at IS NULL OR last_used_at < now() - interval '1 minute')`,
    [id],
  );
}

/** Whether anybody can still administer; under a lock, so that of several servers one makes the first token. */
export async function hasAdminToken(tx: Transaction): Promise<boolean> {
  await tx.query(`SELECT pg_advisory_xact_lock(hashtext('formwork.tokens'))`);
  const rows = await tx.query(
    `SELECT id FROM tokens WHERE role = 'admin' AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > now()) LIMIT 1`,
  );
  return rows.length > 0;
}
