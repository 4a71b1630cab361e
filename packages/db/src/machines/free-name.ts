import { FormworkError, type Machine } from '@formwork/core';
import type { Transaction } from '../transaction.ts';

/** Its name, with `{number}` filled in, or with a number behind it when another machine of the site has it. */
export async function freeName(tx: Transaction, { id, siteId, name }: Pick<Machine, 'id' | 'siteId' | 'name'>) {
  for (let number = 1; number <= 10_000; number += 1) {
    const wanted = name.includes('{number}')
      ? name.replaceAll('{number}', String(number))
      : number === 1
        ? name
        : `${name}-${number}`;
    const taken = await tx.query('SELECT 1 FROM machines WHERE site_id = $1 AND name = $2 AND id <> $3', [
      siteId,
      wanted,
      id,
    ]);
    if (taken.length === 0) return wanted;
  }
  throw new FormworkError('conflict', 'already-exists', `there are too many machines called ${name}`);
}
