import { writeFile } from 'node:fs/promises';
import { appendAudit, type Database, hasAdminToken, insertToken, newToken, tokenScope } from '@formwork/db';

/**
 * Makes the first admin token of an installation where nobody could administer, and shows it once: in a file of its
 * own (0600), or by `print`. It is shown before it counts: a token that nobody saw would shut everybody out.
 */
export async function makeFirstToken(deps: {
  readonly db: Database;
  readonly newId: () => string;
  readonly file: string | null;
  readonly print: (text: string) => void;
}): Promise<boolean> {
  const actor = 'server';
  return deps.db.transaction(async (tx) => {
    if (await hasAdminToken(tx)) return false;
    const id = deps.newId();
    const { text, hash } = newToken();
    const name = `first-admin-${id.slice(0, 8)}`;
    await insertToken(tx, { id, name, hash, role: 'admin', scope: tokenScope.parse({}), expiresAt: null, actor });
    const after = { name, role: 'admin' };
    await appendAudit(tx, {
      actor,
      action: 'token.create',
      subject: `token:${name}`,
      before: null,
      after,
      address: null,
    });
    if (deps.file === null) deps.print(`admin token, shown this once: ${text}\n`);
    else await writeFile(deps.file, `${text}\n`, { mode: 0o600 });
    return true;
  });
}
