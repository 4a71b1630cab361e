import type { JsonObject } from '@formwork/core';
import type { Liquid } from 'liquidjs';
import { templateEngine, templateError } from './template-engine.ts';
import { withNamespaces } from './template-scope.ts';

/**
 * The text of a role's template with the scope filled in. Throws FormworkError `template-failed`, naming the line and
 * the variable or filter that is missing.
 */
export function renderFile(source: string, scope: JsonObject, engine: Liquid = templateEngine): string {
  try {
    return String(engine.parseAndRenderSync(source, withNamespaces(scope)));
  } catch (error) {
    throw templateError(error, 'cannot render the template');
  }
}
