import {
  type CheckedSpecification,
  locateProblems,
  normalizeSpecification,
  parseSpecification,
} from '@formwork/content';
import type { Problem } from '@formwork/core';

/** A specification as it was sent: YAML text, whose problems then carry lines, or a JSON value. */
export interface SentSpecification {
  readonly parsed: CheckedSpecification;
  readonly locate: (problems: readonly Problem[]) => readonly Problem[];
}

export function parseDocument(body: unknown): SentSpecification {
  if (typeof body === 'string') {
    return { parsed: parseSpecification(body), locate: (problems) => locateProblems(body, problems) };
  }
  return { parsed: normalizeSpecification(body), locate: (problems) => problems };
}
