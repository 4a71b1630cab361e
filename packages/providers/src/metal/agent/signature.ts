/** Signatures of the agent protocol: ed25519, keys and signatures as their raw octets in base64. */
import { createHash, createPublicKey, type KeyObject, sign, verify } from 'node:crypto';

/** What an agent signs of a request: `METHOD\nPATH?QUERY\nCOUNTER\n<hex sha256 of the body>\n`. */
export function signedText(request: {
  readonly method: string;
  readonly target: string;
  readonly counter: string;
  readonly body: Uint8Array;
}): Buffer {
  const digest = createHash('sha256').update(request.body).digest('hex');
  return Buffer.from(`${request.method}\n${request.target}\n${request.counter}\n${digest}\n`);
}

/** Whether a key of 32 octets signed it. False for whatever is no key or no signature. */
export function isSignedBy(publicKey: string, message: Uint8Array, signature: string): boolean {
  const key = publicKeyOf(publicKey);
  const octets = exactBase64(signature, 64);
  return key !== null && octets !== null && verify(null, message, key, octets);
}

/** Null when it is no ed25519 key of 32 octets in exact base64. */
export function publicKeyOf(publicKey: string): KeyObject | null {
  const octets = exactBase64(publicKey, 32);
  if (octets === null) return null;
  const key = { kty: 'OKP', crv: 'Ed25519', x: octets.toString('base64url') };
  try {
    return createPublicKey({ key, format: 'jwk' });
  } catch {
    return null;
  }
}

/** Base64 of the 64 octets. */
export const signWith = (privateKey: KeyObject, message: Uint8Array): string =>
  sign(null, message, privateKey).toString('base64');

/** Base64 of the 32 octets of a key's public half. */
export function rawPublicKey(key: KeyObject): string {
  const { x = '' } = (key.type === 'private' ? createPublicKey(key) : key).export({ format: 'jwk' });
  return Buffer.from(x, 'base64url').toString('base64');
}

function exactBase64(text: string, bytes: number): Buffer | null {
  if (text.length > 128) return null;
  const octets = Buffer.from(text, 'base64');
  return octets.length === bytes && octets.toString('base64') === text ? octets : null;
}
