import type { Json, JsonObject } from '@formwork/core';
import { z } from 'zod';

/** Any JSON value. What came through a JSON parser is one already, so only absence is refused. */
export const jsonSchema = z
  .custom<Json>((value) => value !== undefined)
  .meta({ id: 'Json', description: 'Any JSON value.' });

export const jsonObjectSchema = z
  .custom<JsonObject>((value) => typeof value === 'object' && value !== null && !Array.isArray(value), {
    error: 'must be a mapping',
  })
  .meta({ openapi: { type: 'object' } });

/** ISO 8601 with a zone. */
export const timeSchema = z.iso.datetime({ offset: true });

/** Lower-case words and digits joined by `-`, at most 63: also a host name's label. */
export const nameSchema = z
  .string()
  .max(63)
  .regex(/^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/, 'must be lower-case letters, digits and "-"');

/** A read-only list, so that values of the core go out as they are. */
export const listOf = <Item extends z.ZodType>(item: Item) => z.array(item).readonly();

export const countsSchema = z.record(z.string(), z.int().min(0));
