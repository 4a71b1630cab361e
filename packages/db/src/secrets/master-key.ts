import { createHash, randomBytes } from 'node:crypto';
import { linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { FormworkError } from '@formwork/core';

/** Wraps the data keys. Never in the database, a log or an error. */
export interface MasterKey {
  /** The first 8 bytes of a hash of the key: says which key wrapped something, and nothing about the key. */
  readonly id: Uint8Array;
  readonly key: Uint8Array;
}

/** From 32 bytes in base64, base64url or hex. Throws `invalid` `master-key` without the text. */
export function parseMasterKey(text: string): MasterKey {
  const trimmed = text.trim();
  const key = /^[0-9a-f]{64}$/i.test(trimmed) ? Buffer.from(trimmed, 'hex') : Buffer.from(trimmed, 'base64url');
  if (key.length !== 32) {
    throw new FormworkError(
      'invalid',
      'master-key',
      `the master key must be 32 bytes in base64 or hex, not ${key.length} bytes`,
    );
  }
  return { id: createHash('sha256').update('formwork master key id\0').update(key).digest().subarray(0, 8), key };
}

/** A file's master key. Throws `not-found` `master-key-missing` when there is no such file. */
export function readMasterKey(file: string): MasterKey {
  try {
    return parseMasterKey(readFileSync(file, 'utf8'));
  } catch (cause) {
    if (cause instanceof FormworkError) throw cause;
    throw new FormworkError('not-found', 'master-key-missing', `there is no readable master key at ${file}`, { cause });
  }
}

/** A file's master key, made at random when the file does not exist (0600). Two processes at once agree on one key. */
export function keepMasterKey(file: string): MasterKey {
  mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 });
  const draft = `${file}.${randomBytes(6).toString('hex')}`;
  writeFileSync(draft, `${randomBytes(32).toString('base64')}\n`, { mode: 0o600, flag: 'wx' });
  try {
    // A link appears whole or not at all, and never replaces a key that something is already sealed with.
    linkSync(draft, file);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
  } finally {
    rmSync(draft, { force: true });
  }
  return readMasterKey(file);
}
