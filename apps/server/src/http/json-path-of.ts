import { jsonPath } from '@formwork/core';
import type { z } from 'zod';

/** A zod path as the JSON path that problems carry; symbols never come out of JSON. */
export const jsonPathOf = (path: readonly PropertyKey[]): string =>
  jsonPath(path.map((segment) => (typeof segment === 'symbol' ? segment.toString() : segment)));

/** Zod's issues as problems, under the name of the field that was parsed. */
export const problemsOfIssues = (issues: readonly z.core.$ZodIssue[], under: readonly string[] = []) =>
  issues.map((issue) => ({
    code: issue.code === 'unrecognized_keys' ? 'unknown-key' : 'invalid',
    path: jsonPathOf([...under, ...issue.path]),
    message: issue.message,
  }));
