import type { Json } from '@formwork/core';

/** Plain data as JSON: what is undefined is left out, dates become texts. A parse function: JSON text is JSON. */
export const toJson = (value: unknown): Json => JSON.parse(JSON.stringify(value ?? null)) as Json;

/** JSON text of our own making. A parse function: JSON text is JSON. */
export const parseJson = (text: string): Json => JSON.parse(text) as Json;
