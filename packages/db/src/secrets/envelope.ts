import { createCipheriv, createDecipheriv, createHmac, hkdfSync, randomBytes } from 'node:crypto';
import { FormworkError } from '@formwork/core';
import type { MasterKey } from './master-key.ts';

/**
 * Envelope encryption, AES-256-GCM. What is bound to what is authenticated, so a row moved to another scope, name or
 * version does not open.
 *
 *   wrapped data key:  format 1 | master key id 8 | iv 12 | tag 16 | key 32     bound to scope, version
 *   sealed secret:     format 1 | data key version 4 (big endian) | iv 12 | tag 16 | text      bound to scope, name
 *
 * From a data key come two keys by HKDF-SHA-256: one seals, one makes digests.
 */
const format = 1;
const ivBytes = 12;
const tagBytes = 16;

/** One scope's key (`site:<id>` or `deployment:<id>`), unwrapped: 32 random bytes. */
export interface DataKey {
  readonly scope: string;
  readonly version: number;
  readonly key: Uint8Array;
}

export function newDataKey(scope: string, version: number): DataKey {
  return { scope, version, key: randomBytes(32) };
}

export function wrapDataKey(master: MasterKey, dataKey: DataKey): Uint8Array {
  const box = encrypt(master.key, dataKeyContext(dataKey.scope, dataKey.version), dataKey.key);
  return Buffer.concat([Buffer.from([format]), master.id, box]);
}

/** The master key is the one that wrapped it, found by its id. Throws `denied` `master-key-unknown` or `internal` `secret-unreadable`. */
export function unwrapDataKey(
  masters: readonly MasterKey[],
  scope: string,
  version: number,
  wrapped: Uint8Array,
): DataKey {
  const bytes = checked(wrapped, 9 + ivBytes + tagBytes + 32);
  const id = bytes.subarray(1, 9);
  const master = masters.find((candidate) => id.equals(candidate.id));
  if (master === undefined) {
    throw new FormworkError(
      'denied',
      'master-key-unknown',
      `the data key of ${scope} was wrapped with another master key than the one given`,
    );
  }
  return { scope, version, key: decrypt(master.key, dataKeyContext(scope, version), bytes.subarray(9)) };
}

export function sealWith(dataKey: DataKey, name: string, text: string): Uint8Array {
  const head = Buffer.alloc(5);
  head.writeUInt8(format, 0);
  head.writeUInt32BE(dataKey.version, 1);
  return Buffer.concat([head, encrypt(subkey(dataKey, 'seal'), secretContext(dataKey.scope, name), Buffer.from(text))]);
}

/** Which version of the scope's data key sealed it. */
export function dataKeyVersionOf(sealed: Uint8Array): number {
  return checked(sealed, 5 + ivBytes + tagBytes).readUInt32BE(1);
}

/** Throws `internal` `secret-unreadable` when it was changed, or sealed for another scope or name. */
export function openWith(dataKey: DataKey, name: string, sealed: Uint8Array): string {
  const bytes = checked(sealed, 5 + ivBytes + tagBytes);
  return decrypt(subkey(dataKey, 'seal'), secretContext(dataKey.scope, name), bytes.subarray(5)).toString('utf8');
}

/** HMAC-SHA-256 in hex: equal texts of one scope have equal digests, and nobody without the key can try texts out. */
export function digestWith(dataKey: DataKey, text: string): string {
  return createHmac('sha256', subkey(dataKey, 'digest')).update(text).digest('hex');
}

function encrypt(key: Uint8Array, context: Buffer, plain: Uint8Array): Buffer {
  const iv = randomBytes(ivBytes);
  const cipher = createCipheriv('aes-256-gcm', key, iv, { authTagLength: tagBytes }).setAAD(context);
  const body = Buffer.concat([cipher.update(plain), cipher.final()]);
  return Buffer.concat([iv, cipher.getAuthTag(), body]);
}

function decrypt(key: Uint8Array, context: Buffer, box: Buffer): Buffer {
  const decipher = createDecipheriv('aes-256-gcm', key, box.subarray(0, ivBytes), { authTagLength: tagBytes })
    .setAAD(context)
    .setAuthTag(box.subarray(ivBytes, ivBytes + tagBytes));
  try {
    return Buffer.concat([decipher.update(box.subarray(ivBytes + tagBytes)), decipher.final()]);
  } catch {
    throw unreadable();
  }
}

function checked(bytes: Uint8Array, leastBytes: number): Buffer {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (buffer.length < leastBytes || buffer[0] !== format) throw unreadable();
  return buffer;
}

// JSON keeps the parts apart whatever they hold.
const dataKeyContext = (scope: string, version: number): Buffer =>
  Buffer.from(JSON.stringify(['formwork data key', scope, version]));
const secretContext = (scope: string, name: string): Buffer =>
  Buffer.from(JSON.stringify(['formwork secret', scope, name]));
const subkey = (dataKey: DataKey, use: 'seal' | 'digest'): Uint8Array =>
  new Uint8Array(hkdfSync('sha256', dataKey.key, new Uint8Array(0), `formwork ${use} v1`, 32));
const unreadable = (): FormworkError =>
  new FormworkError(
    'internal',
    'secret-unreadable',
    'a stored secret does not open: it was changed, or belongs elsewhere',
  );
