/** The BMC's side of RAKP and of protected packets, for cipher suites 3 and 17 (IPMI 2.0 sections 13.28 to 13.32). */
import { createCipheriv, createDecipheriv, createHmac, randomBytes } from 'node:crypto';

export interface ServerSuite {
  readonly id: number;
  readonly algorithms: readonly [number, number, number];
  readonly hash: string;
  readonly codeLength: number;
}

export const serverSuites: readonly ServerSuite[] = [
  { id: 3, algorithms: [1, 1, 1], hash: 'sha1', codeLength: 12 },
  { id: 17, algorithms: [3, 4, 1], hash: 'sha256', codeLength: 16 },
];

export const mac = (hash: string, key: Buffer, ...parts: Buffer[]): Buffer =>
  createHmac(hash, key).update(Buffer.concat(parts)).digest();

export interface Protection {
  readonly hash: string;
  readonly codeLength: number;
  readonly integrityKey: Buffer;
  readonly cipherKey: Buffer;
}

export function protectionOf({ hash, codeLength }: ServerSuite, sik: Buffer): Protection {
  const additional = (constant: number) => mac(hash, sik, Buffer.alloc(20, constant));
  return { hash, codeLength, integrityKey: additional(1), cipherKey: additional(2).subarray(0, 16) };
}

export const signature = ({ hash, codeLength, integrityKey }: Protection, covered: Buffer): Buffer =>
  mac(hash, integrityKey, covered).subarray(0, codeLength);

export function encrypt({ cipherKey }: Protection, message: Buffer): Buffer {
  const iv = randomBytes(16);
  const pad: number[] = [];
  while ((message.length + pad.length + 1) % 16 !== 0) pad.push(pad.length + 1);
  const cipher = createCipheriv('aes-128-cbc', cipherKey, iv);
  cipher.setAutoPadding(false);
  return Buffer.concat([
    iv,
    cipher.update(Buffer.concat([message, Buffer.from([...pad, pad.length])])),
    cipher.final(),
  ]);
}

/** Null for what no console encrypted. */
export function decrypt({ cipherKey }: Protection, payload: Buffer): Buffer | null {
  if (payload.length < 32 || payload.length % 16 !== 0) return null;
  const decipher = createDecipheriv('aes-128-cbc', cipherKey, payload.subarray(0, 16));
  decipher.setAutoPadding(false);
  const plain = Buffer.concat([decipher.update(payload.subarray(16)), decipher.final()]);
  const pad = plain.at(-1) ?? 0;
  return pad > 15 ? null : plain.subarray(0, plain.length - 1 - pad);
}
