import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { countSchema, durationMs, flagSchema, pagingQuery, wordsSchema } from './query.ts';

describe('query values', () => {
  it('reads what a query string holds', () => {
    const query = z.object({ ...pagingQuery, state: wordsSchema.optional(), approve: flagSchema.optional() });
    expect(query.parse({ limit: '20', state: 'failed, ready,', approve: 'false' })).toEqual({
      limit: 20,
      state: ['failed', 'ready'],
      approve: false,
    });
    expect(query.parse({})).toEqual({ limit: 100 });
  });

  it.each(['-1', '1.5', 'x', '501'])('refuses %s as a limit', (limit) => {
    expect(z.object(pagingQuery).safeParse({ limit }).success).toBe(false);
  });

  it('refuses a count that is none', () => {
    expect(countSchema.safeParse('-3').success).toBe(false);
    expect(countSchema.parse('0')).toBe(0);
  });

  it.each([
    ['500ms', 500],
    ['60s', 60_000],
    ['10m', 600_000],
    ['1h', 3_600_000],
  ])('reads the duration %s', (text, expected) => expect(durationMs(text)).toBe(expected));

  it.each(['', '5', 's', '-5s', '1.5s', '5d'])('knows that "%s" is no duration', (text) => {
    expect(durationMs(text)).toBeNull();
  });
});
