import { FormworkError } from '@formwork/core';

/** For `If-Match`: throws `conflict` `precondition-failed` when the caller has read another version. */
export function requireVersion(what: string, version: number, expected: number | null): void {
  if (expected === null || expected === version) return;
  throw new FormworkError(
    'conflict',
    'precondition-failed',
    `${what} has changed since it was read (version ${expected}, now ${version}); read it again`,
  );
}
