/**
 * Payloads under AES-CBC-128 (IPMI 2.0 section 13.29): 16 bytes of IV, then the encrypted message, its pad 01 02 03 ...
 * and the pad's length in one byte.
 */
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { parsed, refused, type Parsed } from '../parsed.ts';

const block = 16;

export function encryptPayload(aesKey: Buffer, message: Buffer): Buffer {
  const padLength = -(message.length + 1) & (block - 1);
  const pad = Array.from({ length: padLength }, (_, index) => index + 1);
  const iv = randomBytes(block);
  const cipher = createCipheriv('aes-128-cbc', aesKey, iv).setAutoPadding(false);
  return Buffer.concat([iv, cipher.update(message), cipher.update(Buffer.from([...pad, padLength])), cipher.final()]);
}

/** Only for payloads whose AuthCode was verified. */
export function decryptPayload(aesKey: Buffer, payload: Buffer): Parsed<Buffer> {
  if (payload.length < 2 * block || payload.length % block !== 0) {
    return refused(`encrypted payload of ${payload.length} bytes`);
  }
  const decipher = createDecipheriv('aes-128-cbc', aesKey, payload.subarray(0, block)).setAutoPadding(false);
  const plain = Buffer.concat([decipher.update(payload.subarray(block)), decipher.final()]);
  const padLength = plain[plain.length - 1] ?? 0;
  if (padLength >= block) return refused('confidentiality pad of more than a block');
  const end = plain.length - 1 - padLength;
  for (let index = 0; index < padLength; index += 1) {
    if (plain[end + index] !== index + 1) return refused('confidentiality pad is wrong');
  }
  return parsed(plain.subarray(0, end));
}
