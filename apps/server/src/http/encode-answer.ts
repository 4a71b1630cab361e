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
  const checked = checkAnswer(id, contract, status, body);
  if (fields === null || contract.paged !== true) return JSON.stringify(checked ?? null);
  const page = pageShape.parse(checked);
  return JSON.stringify({ ...page, items: selectFields(page.items, fields) });
}

/** The items of a page, each as JSON text: what `encodeAnswer` would have put into the page. */
export function encodeItems(id: string, contract: RouteContract, items: readonly unknown[]): readonly string[] {
  const checked = pageShape.parse(checkAnswer(id, contract, contract.success, { items, next: null }));
  return checked.items.map((item) => JSON.stringify(item));
}

function checkAnswer(id: string, contract: RouteContract, status: number, body: unknown): unknown {
  const schema = contract.responses[status];
  if (schema === undefined || schema === null) return null;
  const parsed = schema.safeParse(body);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const place = `${jsonPathOf(issue?.path ?? [])}: ${issue?.message ?? 'not valid'}`;
  throw new FormworkError('internal', 'bad-answer', `the answer to ${id} breaks its contract at ${place}`);
}
