import { z } from 'zod';
import { listOf } from './scalars.ts';

// `openapi` in a schema's meta is what the printed description shows instead of what zod would say.

/** `true` or `false` in a query string. */
export const flagSchema = z
  .union([z.boolean(), z.enum(['true', 'false']).transform((text) => text === 'true')])
  .meta({ openapi: { type: 'boolean' } });

/** A whole number in a query string. */
export const countSchema = z.coerce
  .number<number | string>()
  .pipe(z.int().min(0))
  .meta({ openapi: { type: 'integer', minimum: 0 } });

/** Comma-separated words in a query string; a list once parsed. */
export const wordsSchema = z.string().transform((text) =>
  text
    .split(',')
    .map((word) => word.trim())
    .filter((word) => word !== ''),
);

/** `500ms`, `60s`, `10m`, `1h`; `durationMs` reads it. */
const durationSchema = z.string().regex(/^\d{1,6}(ms|s|m|h)$/, 'must be a duration such as 60s or 5m');

const unitMs: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };

/** Milliseconds of a duration; null when it is not one. */
export function durationMs(text: string): number | null {
  const match = /^(\d{1,6})(ms|s|m|h)$/.exec(text);
  const factor = unitMs[match?.[2] ?? ''];
  return match?.[1] === undefined || factor === undefined ? null : Number(match[1]) * factor;
}

/** Holds the answer until the run ends or the time is over; the server's own limit is ten minutes. */
export const waitQuery = { wait: durationSchema.optional() };

/** Every paged route's query. `fields` leaves out every other top-level field of the items, `id` and `name` apart. */
export const pagingQuery = {
  cursor: z.string().max(500).optional(),
  limit: z.coerce
    .number<number | string>()
    .pipe(z.int().min(1).max(500))
    .default(100)
    .meta({ openapi: { type: 'integer', minimum: 1, maximum: 500, default: 100 } }),
  fields: wordsSchema.optional(),
};

/** `next` is the cursor of the following page; null on the last one. */
export const pageOf = <Item extends z.ZodType>(item: Item) =>
  z.object({ items: listOf(item), next: z.string().nullable() });
