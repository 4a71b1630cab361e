/** Keys and codes of a session (IPMI 2.0 sections 13.28, 13.31 and 13.32). Kuid is the password, Kg the BMC's key. */
import { createHmac, timingSafeEqual } from 'node:crypto';
import type { CipherSuite } from './cipher-suites.ts';

/** Everything that both sides know after RAKP 2. */
export interface Handshake {
  readonly suite: CipherSuite;
  readonly consoleId: number;
  readonly bmcId: number;
  readonly consoleRandom: Buffer;
  readonly bmcRandom: Buffer;
  readonly guid: Buffer;
  readonly role: number;
  readonly user: Buffer;
}

export interface SessionKeys {
  readonly suite: CipherSuite;
  /** Signs packets. */
  readonly k1: Buffer;
  /** Its first 16 bytes encrypt payloads. */
  readonly aesKey: Buffer;
}

const hmac = (suite: CipherSuite, key: Buffer, ...parts: readonly Buffer[]): Buffer => {
  const code = createHmac(suite.hash, key);
  for (const part of parts) code.update(part);
  return code.digest();
};

const id = (sessionId: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(sessionId);
  return bytes;
};

const named = ({ role, user }: Handshake): Buffer => Buffer.concat([Buffer.from([role, user.length]), user]);

/** What RAKP 2 must carry; only one who knows the password can say it. */
export const rakp2Code = (at: Handshake, password: Buffer): Buffer =>
  hmac(at.suite, password, ...[id(at.consoleId), id(at.bmcId), at.consoleRandom, at.bmcRandom, at.guid, named(at)]);

export const rakp3Code = (at: Handshake, password: Buffer): Buffer =>
  hmac(at.suite, password, at.bmcRandom, id(at.consoleId), named(at));

/** Session integrity key: by Kg where the BMC has one, else by the password. */
export const sessionIntegrityKey = (at: Handshake, kg: Buffer): Buffer =>
  hmac(at.suite, kg, at.consoleRandom, at.bmcRandom, named(at));

export const rakp4CheckValue = (at: Handshake, sik: Buffer): Buffer =>
  hmac(at.suite, sik, at.consoleRandom, id(at.bmcId), at.guid).subarray(0, at.suite.codeBytes);

export const keysOf = (suite: CipherSuite, sik: Buffer): SessionKeys => ({
  suite,
  k1: hmac(suite, sik, Buffer.alloc(20, 0x01)),
  aesKey: hmac(suite, sik, Buffer.alloc(20, 0x02)).subarray(0, 16),
});

export const authCode = (keys: SessionKeys, covered: Buffer): Buffer =>
  hmac(keys.suite, keys.k1, covered).subarray(0, keys.suite.codeBytes);

/** In constant time; codes of unlike lengths differ. */
export const sameCode = (one: Buffer, other: Buffer): boolean =>
  one.length === other.length && timingSafeEqual(one, other);
