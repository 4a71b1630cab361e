import { expect, it } from 'vitest';
import { hashToken, looksLikeToken, newToken, tokenMatches } from './token.ts';

it('makes tokens that are recognised, never twice the same, and stored as a hash only', () => {
  const [one, two] = [newToken(), newToken()];
  expect(one.text).toMatch(/^fw_/);
  expect(looksLikeToken(one.text)).toBe(true);
  expect(one.text).not.toBe(two.text);
  expect(one.hash).toBe(hashToken(one.text));
  expect(one.hash).toMatch(/^[0-9a-f]{64}$/);
  expect(tokenMatches(one.text, one.hash)).toBe(true);
  expect(tokenMatches(two.text, one.hash)).toBe(false);
  expect(tokenMatches(one.text, '')).toBe(false);
});

it('does not take other texts for tokens', () => {
  for (const text of [
    '',
    'fw_',
    `fw_${'a'.repeat(42)}`,
    `fw_${'a'.repeat(44)}`,
    `xx_${'a'.repeat(43)}`,
    `fw_${'/'.repeat(43)}`,
  ]) {
    expect(looksLikeToken(text)).toBe(false);
  }
});
