/** Names a statement, or answers undefined for one that is to be parsed each time. */
export type StatementNames = (sql: string, values: readonly unknown[]) => string | undefined;

/** A process has some hundred statements; more than this would be texts made up for one use. */
const mostNames = 250;

/**
 * A named statement is parsed and planned once a connection instead of each time, which is most of what a small one
 * costs. Without values it may be several statements in one text, which PostgreSQL does not prepare.
 */
export function createStatementNames(): StatementNames {
  const names = new Map<string, string>();
  return (sql, values) => {
    if (values.length === 0) return undefined;
    const known = names.get(sql);
    if (known !== undefined || names.size >= mostNames) return known;
    const name = `formwork-${String(names.size)}`;
    names.set(sql, name);
    return name;
  };
}
