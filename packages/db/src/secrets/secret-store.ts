import { randomUUID } from 'node:crypto';
import { FormworkError, type SecretReference } from '@formwork/core';
import { type DataKeyStore, openDataKeys } from './data-keys.ts';
import { dataKeyVersionOf, digestWith, openWith, sealWith } from './envelope.ts';
import type { MasterKey } from './master-key.ts';
import { SecretValue } from './secret-value.ts';

/** The scope whose data key seals a secret. */
export const siteScope = (siteId: string): string => `site:${siteId}`;
export const deploymentScope = (deploymentId: string): string => `deployment:${deploymentId}`;

/** The part of Database that is used; a Transaction is one too. */
export interface SecretDatabase {
  query<Row extends Record<string, unknown>>(sql: string, values?: readonly unknown[]): Promise<Row[]>;
}

export interface SecretStore {
  /**
   * Stores a secret under a name of the scope. The same text as the newest version gives that version back, so
   * applying an unchanged specification makes no new one. `tx` makes it part of a transaction.
   */
  put(scope: string, ref: string, text: string, tx?: SecretDatabase): Promise<SecretReference>;
  /** The reference that `put` would give, without storing anything. */
  refer(scope: string, ref: string, text: string): Promise<SecretReference>;
  /** Throws `not-found` `secret-missing`, `internal` `secret-unreadable`, `denied` `master-key-unknown`. */
  get(scope: string, reference: SecretReference, tx?: SecretDatabase): Promise<SecretValue>;
  /** The keyed digest a text has in this scope (HMAC-SHA-256, hex); stable over key rotation. */
  digest(scope: string, text: string): Promise<string>;
  /** Seals and opens text kept elsewhere (a site's credentials column); `name` says what it is and must be the same for both. */
  seal(scope: string, name: string, text: string): Promise<Uint8Array>;
  open(scope: string, name: string, sealed: Uint8Array): Promise<string>;
  /** Forgets every secret and key of a scope that is gone (its deployment destroyed, its site removed). */
  forget(scope: string, tx?: SecretDatabase): Promise<void>;
  /** A new data key: sealed from now on with it; older secrets still open and digests do not change. */
  rotate(scope: string): Promise<void>;
  /** After a change of the master key: wraps the scope's data keys with the new one. */
  rewrap(scope: string): Promise<void>;
}

/** `masterKeys[0]` wraps new data keys; the others only unwrap, during a change of the master key. */
export function openSecretStore(deps: {
  readonly database: SecretDatabase;
  readonly masterKeys: readonly [MasterKey, ...MasterKey[]];
}): SecretStore {
  const keys = openDataKeys(dataKeyTable(deps.database), deps.masterKeys);
  const nameOf = (ref: string, version: number): string => `${ref}@${version}`;
  const seal = async (scope: string, name: string, text: string): Promise<Uint8Array> =>
    sealWith(await keys.current(scope), name, text);
  const open = async (scope: string, name: string, sealed: Uint8Array): Promise<string> =>
    openWith(await keys.version(scope, dataKeyVersionOf(sealed)), name, sealed);
  const digest = async (scope: string, text: string): Promise<string> => digestWith(await keys.oldest(scope), text);

  /** The newest version when it holds this very text, else the one that would come next. */
  const versionFor = async (tx: SecretDatabase, scope: string, ref: string, textDigest: string) => {
    const [newest] = await tx.query<{ version: number; digest: string }>(
      'SELECT version, digest FROM secrets WHERE scope = $1 AND ref = $2 ORDER BY version DESC LIMIT 1',
      [scope, ref],
    );
    if (newest?.digest === textDigest) return { version: newest.version, stored: true };
    return { version: (newest?.version ?? 0) + 1, stored: false };
  };

  return {
    refer: async (scope, ref, text) => {
      const textDigest = await digest(scope, text);
      return referenceOf(ref, (await versionFor(deps.database, scope, ref, textDigest)).version, textDigest);
    },
    put: async (scope, ref, text, tx = deps.database) => {
      const textDigest = await digest(scope, text);
      for (;;) {
        const { version, stored } = await versionFor(tx, scope, ref, textDigest);
        if (stored) return referenceOf(ref, version, textDigest);
        const inserted = await tx.query(
          `INSERT INTO secrets (id, scope, ref, version, ciphertext, digest) VALUES ($1, $2, $3, $4, $5, $6)
           ON CONFLICT (scope, ref, version) DO NOTHING RETURNING id`,
          [randomUUID(), scope, ref, version, await seal(scope, nameOf(ref, version), text), textDigest],
        );
        // Nothing inserted: another took this version meanwhile, so look again.
        if (inserted.length > 0) return referenceOf(ref, version, textDigest);
      }
    },
    get: async (scope, reference, tx = deps.database) => {
      const { ref, version } = reference.$secret;
      const [row] = await tx.query<{ ciphertext: Uint8Array }>(
        'SELECT ciphertext FROM secrets WHERE scope = $1 AND ref = $2 AND version = $3',
        [scope, ref, version],
      );
      if (row === undefined)
        throw new FormworkError(
          'not-found',
          'secret-missing',
          `there is no secret ${ref} version ${version} of ${scope}`,
        );
      return new SecretValue(reference, await open(scope, nameOf(ref, version), row.ciphertext));
    },
    digest,
    seal,
    open,
    forget: async (scope, tx = deps.database) => {
      await tx.query('DELETE FROM secrets WHERE scope = $1', [scope]);
      await tx.query('DELETE FROM data_keys WHERE scope = $1', [scope]);
      keys.forget(scope);
    },
    rotate: async (scope) => {
      await keys.rotate(scope);
    },
    rewrap: (scope) => keys.rewrap(scope),
  };
}

const referenceOf = (ref: string, version: number, digest: string): SecretReference => ({
  $secret: { ref, version, digest },
});

function dataKeyTable(database: SecretDatabase): DataKeyStore {
  return {
    list: (scope) =>
      database.query<{ version: number; wrapped: Uint8Array }>(
        'SELECT version, wrapped FROM data_keys WHERE scope = $1 ORDER BY version',
        [scope],
      ),
    insert: async (scope, version, wrapped) => {
      const rows = await database.query(
        'INSERT INTO data_keys (scope, version, wrapped) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING RETURNING version',
        [scope, version, wrapped],
      );
      return rows.length > 0;
    },
    replace: async (scope, version, wrapped) => {
      await database.query('UPDATE data_keys SET wrapped = $3 WHERE scope = $1 AND version = $2', [
        scope,
        version,
        wrapped,
      ]);
    },
  };
}
