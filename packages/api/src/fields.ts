/**
 * The `fields` of a paged answer: items keep the named top-level fields, and `id` and `name` always.
 * Applied by the server after the answer was checked against its schema.
 */
export function selectFields(items: readonly object[], fields: readonly string[]): readonly object[] {
  const kept = new Set([...fields, 'id', 'name']);
  return items.map((item) => Object.fromEntries(Object.entries(item).filter(([name]) => kept.has(name))));
}
