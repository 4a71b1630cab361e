/**
 * The site's public key as the agent has it: a file of signify(1), whose second line is base64 of the two octets `Ed`, eight
 * of a key number (ours is zero) and the 32 of the ed25519 key.
 */
import { createPublicKey, type KeyObject } from 'node:crypto';
import { padTo, packCpio } from '../archive/cpio.ts';

/** Where the agent looks for it in its initrd. */
const siteKeyPath = 'etc/formwork/site.pub';

/** Reads a PEM of an ed25519 public key; null when it is none, or a private one, which must not get into an image. */
export function readSitePublicKey(pem: string): KeyObject | null {
  if (pem.includes('PRIVATE KEY')) return null;
  try {
    const key = createPublicKey(pem);
    return key.asymmetricKeyType === 'ed25519' ? key : null;
  } catch {
    return null;
  }
}

export function signifyPublicKey(key: KeyObject): string {
  const raw = key.export({ format: 'der', type: 'spki' }).subarray(-32);
  const line = Buffer.concat([Buffer.from('Ed'), Buffer.alloc(8), raw]).toString('base64');
  return `untrusted comment: the site's key\n${line}\n`;
}

/**
 * A small archive with nothing but the key. Behind an image that was built without a key (at a multiple of 4 octets), or
 * given to the kernel as one more initrd, it makes that image the site's.
 */
export function siteKeyArchive(key: KeyObject): Buffer {
  const data = Buffer.from(signifyPublicKey(key));
  return padTo(packCpio([{ kind: 'file', path: siteKeyPath, mode: 0o444, data }]), 4);
}
