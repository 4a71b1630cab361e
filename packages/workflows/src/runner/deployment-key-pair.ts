import { Buffer } from 'node:buffer';
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { z } from 'zod';

/** One SSH key pair; a deployment has one, made at approval. */
export interface DeploymentKeyPair {
  /** OpenSSH private key, PEM; a secret. */
  readonly privateKey: string;
  /** `ssh-ed25519 AAAA... <comment>`, for authorized_keys. */
  readonly publicKey: string;
}

const jwk = z.object({ d: z.string(), x: z.string() });

/**
 * Makes an ed25519 pair in OpenSSH's own format (PROTOCOL.key): magic, cipher none, kdf none, one key; the private part
 * is two equal check numbers, the key, the comment and padding 1, 2, 3 ... to a multiple of 8. Written here because
 * ssh2's generator gives out a key it cannot read itself about once in 300 times.
 */
export function generateDeploymentKeyPair(comment = 'formwork'): DeploymentKeyPair {
  const { d, x } = jwk.parse(generateKeyPairSync('ed25519').privateKey.export({ format: 'jwk' }));
  const publicBytes = Buffer.from(x, 'base64url');
  const seed = Buffer.from(d, 'base64url');
  const type = Buffer.from('ssh-ed25519');
  const publicBlob = Buffer.concat([sized(type), sized(publicBytes)]);
  const check = randomBytes(4);
  const body = Buffer.concat([
    check,
    check,
    publicBlob,
    sized(Buffer.concat([seed, publicBytes])),
    sized(Buffer.from(comment)),
  ]);
  const padding = Buffer.from(Array.from({ length: (8 - (body.length % 8)) % 8 }, (_, index) => index + 1));
  const none = sized(Buffer.from('none'));
  const whole = Buffer.concat([
    Buffer.from('openssh-key-v1\0'),
    none,
    none,
    sized(Buffer.alloc(0)),
    number(1),
    sized(publicBlob),
    sized(Buffer.concat([body, padding])),
  ]);
  const lines = whole.toString('base64').match(/.{1,70}/g) ?? [];
  return {
    privateKey: `-----BEGIN OPENSSH PRIVATE KEY-----\n${lines.join('\n')}\n-----END OPENSSH PRIVATE KEY-----\n`,
    publicKey: `ssh-ed25519 ${publicBlob.toString('base64')} ${comment}`,
  };
}

function number(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

const sized = (bytes: Buffer): Buffer => Buffer.concat([number(bytes.length), bytes]);
