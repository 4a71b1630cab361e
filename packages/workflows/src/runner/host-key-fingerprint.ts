import type { Buffer } from 'node:buffer';
import { createHash } from 'node:crypto';

/** As `ssh-keygen -l` prints it: SHA256 and base64 without padding. */
export function fingerprint(key: Buffer): string {
  return `SHA256:${createHash('sha256').update(key).digest('base64').replaceAll('=', '')}`;
}
