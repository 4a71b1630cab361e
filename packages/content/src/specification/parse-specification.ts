import type { Problem } from '@formwork/core';
import { parseYamlDocument } from '../document/yaml-document.ts';
import { type CheckedSpecification, normalizeSpecification } from './normalize-specification.ts';

/** A specification from YAML or JSON text; every problem carries line and column, and the file's name when given. */
export function parseSpecification(text: string, options: { readonly file?: string } = {}): CheckedSpecification {
  const document = parseYamlDocument(text, options.file);
  if (!document.ok) return { ...document, draft: null };
  const specification = normalizeSpecification(document.value.value);
  return specification.ok
    ? specification
    : { ...specification, problems: document.value.locate(specification.problems) };
}

/** Gives problems that came back from a server their lines in the text they are about. Unreadable text: as they were. */
export function locateProblems(text: string, problems: readonly Problem[], file?: string): readonly Problem[] {
  const document = parseYamlDocument(text, file);
  return document.ok ? document.value.locate(problems) : problems;
}
