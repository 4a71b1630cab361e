import { createPublicKey, generateKeyPairSync, randomBytes } from 'node:crypto';
import { z } from 'zod';

const jwkSchema = z.object({ d: z.base64url(), x: z.base64url() });
const publicJwkSchema = z.object({ x: z.base64url() });

const field = (value: Buffer | string): Buffer => {
  const bytes = Buffer.from(value);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
};

const uint32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
};

/**
 * An ed25519 key pair as sshd reads it. The private one is in OpenSSH's own format (PROTOCOL.key of OpenSSH): "openssh-key-v1\0",
 * cipher, kdf and kdf options ("none"), the number of keys, the public key, and the private part, padded to 8 bytes.
 */
export function makeHostKey(): { readonly privateKey: string; readonly publicKey: string } {
  const pair = generateKeyPairSync('ed25519');
  const jwk = jwkSchema.parse(pair.privateKey.export({ format: 'jwk' }));
  const seed = Buffer.from(jwk.d, 'base64url');
  const point = Buffer.from(
    publicJwkSchema.parse(createPublicKey(pair.privateKey).export({ format: 'jwk' })).x,
    'base64url',
  );
  const publicBlob = Buffer.concat([field('ssh-ed25519'), field(point)]);
  const check = randomBytes(4);
  const body = Buffer.concat([
    check,
    check,
    publicBlob,
    field(Buffer.concat([seed, point])),
    field(''), // comment
  ]);
  const padding = Buffer.from(Array.from({ length: (8 - (body.length % 8)) % 8 }, (_, index) => index + 1));
  const whole = Buffer.concat([
    Buffer.from('openssh-key-v1\0'),
    field('none'),
    field('none'),
    field(''),
    uint32(1),
    field(publicBlob),
    field(Buffer.concat([body, padding])),
  ]);
  const lines = whole.toString('base64').match(/.{1,70}/g) ?? [];
  return {
    privateKey: ['-----BEGIN OPENSSH PRIVATE KEY-----', ...lines, '-----END OPENSSH PRIVATE KEY-----', ''].join('\n'),
    publicKey: `ssh-ed25519 ${publicBlob.toString('base64')}`,
  };
}
