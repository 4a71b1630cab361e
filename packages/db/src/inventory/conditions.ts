/** Collects the conditions of a WHERE clause and the values of their placeholders. */
export interface Conditions {
  /** `sql` holds `?` for each value, in order. */
  and(sql: string, ...values: readonly unknown[]): void;
  /** One more value, for what is outside of the WHERE clause; answers its placeholder. */
  value(value: unknown): string;
  /** `true` when there is none. */
  sql(): string;
  values(): readonly unknown[];
}

export function conditions(): Conditions {
  const parts: string[] = [];
  const values: unknown[] = [];
  const value = (given: unknown): string => `$${String(values.push(given))}`;
  return {
    and(sql, ...given) {
      const rest = [...given];
      parts.push(sql.replaceAll('?', () => value(rest.shift())));
    },
    value,
    sql: () => (parts.length === 0 ? 'true' : parts.join(' AND ')),
    values: () => values,
  };
}
