import { FormworkError } from '@formwork/core';
import { Liquid } from 'liquidjs';

/** Tags that read other files; a template is one file. */
const fileTags = ['include', 'render', 'layout', 'block', 'liquid'];
/** Filters whose answer is not fixed by the scope: a plan must compute the same twice. */
const unsteadyFilters = [
  'date',
  'date_to_xmlschema',
  'date_to_rfc822',
  'date_to_string',
  'date_to_long_string',
  'sample',
];

/**
 * Liquid as Formwork allows it: strict about variables and filters, own properties only, no files, no clock, no
 * randomness, bounded in time, memory and length. `{% if x %}` and `| default` may ask for what is missing.
 */
function createTemplateEngine(): Liquid {
  const engine = new Liquid({
    strictVariables: true,
    strictFilters: true,
    ownPropertyOnly: true,
    lenientIf: true,
    cache: false,
    templates: {},
    parseLimit: 512 * 1024,
    renderLimit: 2000,
    memoryLimit: 8 * 1024 * 1024,
    outputEscape: text,
  });
  for (const tag of fileTags) Reflect.deleteProperty(engine.tags, tag);
  for (const filter of unsteadyFilters) Reflect.deleteProperty(engine.filters, filter);
  engine.registerFilter('map', strictMap);
  return engine;
}

/** The engine for everybody: it keeps nothing between calls. */
export const templateEngine: Liquid = createTemplateEngine();

function text(value: unknown): string {
  if (value === null || value === undefined) return '';
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  throw new Error('a list or an object cannot stand in text: pick a part of it, or use `| join` or `| json`');
}

/** Liquid's own `map` answers null for a misspelt name. */
function strictMap(list: unknown, property: unknown): unknown[] {
  if (!Array.isArray(list)) throw new Error('`map` wants a list');
  return list.map((item: unknown) => {
    let value: unknown = item;
    for (const part of String(property).split('.')) {
      if (value === null || typeof value !== 'object' || !Object.hasOwn(value, part)) {
        throw new Error(`\`map\`: no '${part}' in an item of the list`);
      }
      value = Reflect.get(value, part);
    }
    return value;
  });
}

/** Liquid's error in one line, with the place in the template that it names. Never a value of the scope. */
export function templateError(error: unknown, where: string): FormworkError {
  const message = error instanceof Error ? error.message : String(error);
  const line = (message.split('\n')[0] ?? message).slice(0, 300);
  return new FormworkError('invalid', 'template-failed', `${where}: ${line}`, { cause: error });
}
