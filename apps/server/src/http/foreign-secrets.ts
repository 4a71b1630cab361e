import { isJsonArray, isJsonObject, type Json, jsonPath, type PathSegment, type Problem } from '@formwork/core';
import { invalidContent } from './problems.ts';

/**
 * Secret references in what a user sends. Whoever could write one freely could have any secret of the installation
 * delivered to a machine of theirs, so only those come through that begin with `allowed`: the resource's own, sent
 * back as they were read. Null allows none.
 */
export function foreignSecrets(
  document: Json,
  under: readonly PathSegment[],
  allowed: string | null,
): readonly Problem[] {
  const problems: Problem[] = [];
  const visit = (value: Json, path: readonly PathSegment[]): void => {
    if (value === null || typeof value !== 'object') return;
    if (isJsonArray(value)) {
      value.forEach((item, index) => visit(item, [...path, index]));
      return;
    }
    for (const [key, item] of Object.entries(value)) {
      if (key === '$secret' && !isOwn(item, allowed)) {
        problems.push({
          code: 'foreign-secret',
          path: jsonPath(path),
          message: 'a reference to a secret cannot be written by hand',
          remedy: 'write the value itself; it is taken out and sealed before anything is stored',
        });
      } else visit(item, [...path, key]);
    }
  };
  visit(document, under);
  return problems;
}

export function refuseForeignSecrets(document: Json, under: readonly PathSegment[], allowed: string | null): void {
  const problems = foreignSecrets(document, under, allowed);
  if (problems.length > 0) throw invalidContent('the request', problems);
}

function isOwn(reference: Json, allowed: string | null): boolean {
  if (allowed === null || !isJsonObject(reference)) return false;
  const { ref } = reference;
  return typeof ref === 'string' && ref.startsWith(allowed);
}
