import { FormworkError } from '@formwork/api';
import type { Session } from './session.ts';

/** Which machine a name means: its site and id. Names are unique within a site only. Errors: `not-found`, `usage`. */
export async function findMachine(
  { client }: Session,
  name: string,
  site: string | undefined,
): Promise<{ readonly site: string; readonly machine: string }> {
  if (site !== undefined) return { site, machine: name };
  const { items } = await client.call('listMachines', { query: { name, limit: 10 } });
  const [first, ...others] = items;
  if (first === undefined) {
    throw new FormworkError('not-found', 'not-found', `there is no machine ${name}; see: formwork machine list`);
  }
  if (others.length > 0) {
    const sites = items.map((item) => item.site).join(', ');
    throw new FormworkError(
      'invalid',
      'usage',
      `machines of several sites are called ${name}; add --site, one of: ${sites}`,
    );
  }
  return { site: first.site, machine: first.id };
}
