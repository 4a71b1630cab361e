import { type RouteContract, selectFields } from '@formwork/api';
import { FormworkError } from '@formwork/core';
import { z } from 'zod';
import { jsonPathOf } from './json-path-of.ts';

const pageShape = z.looseObject({ items: z.array(z.looseObject({})) });

/** An answer's body as JSON text: checked against the contract, then cut to the fields that were asked for. */
export function encodeAnswer(
  id: string,
  contract: RouteContract,
  status: number,
  body: unknown,
  fields: readonly string[] | null,
): string {
  const schema = contract.responses[status];
  if (schema === undefined || schema === null) return 'null';
  const parsed = schema.safeParse(body);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    const place = `${jsonPathOf(issue?.path ?? [])}: ${issue?.message ?? 'not valid'}`;
    throw new FormworkError('internal', 'bad-answer', `the answer to ${id} breaks its contract at ${place}`);
  }
  if (fields === null || contract.paged !== true) return JSON.stringify(parsed.data ?? null);
  const page = pageShape.parse(parsed.data);
  return JSON.stringify({ ...page, items: selectFields(page.items, fields) });
}
