import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';

/** A new API token: `fw_` and 32 random bytes in base64url. The text is shown once; only the hash is stored. */
export function newToken(): { readonly text: string; readonly hash: string } {
  const text = `fw_${randomBytes(32).toString('base64url')}`;
  return { text, hash: hashToken(text) };
}

/** SHA-256 in hex. No salt or stretching: the text has 256 random bits, and the hash is looked up on every request. */
export const hashToken = (text: string): string => createHash('sha256').update(text).digest('hex');

/** Whether a text can be a token at all; says nothing about its being known. */
export const looksLikeToken = (text: string): boolean => /^fw_[A-Za-z0-9_-]{43}$/.test(text);

/** Compares a shown token with a stored hash in constant time. */
export function tokenMatches(text: string, storedHash: string): boolean {
  const shown = Buffer.from(hashToken(text));
  const stored = Buffer.from(storedHash);
  return shown.length === stored.length && timingSafeEqual(shown, stored);
}
