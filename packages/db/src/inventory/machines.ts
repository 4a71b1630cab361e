import type { Machine } from '@formwork/core';
import { type MachineColumns, machineColumns, parseMachine } from '../machines/machine-row.ts';
import { conditions } from './conditions.ts';
import { isUuid, nameAndId, nameAndIdAfter, type Page, type PageRequest, toPage } from './page.ts';
import type { Reader } from './reader.ts';

/** A machine as people see it. */
export interface MachineRecord extends Machine {
  readonly site: string;
}

export interface MachineListQuery {
  readonly site?: string;
  readonly name?: string;
  readonly states?: readonly string[];
  /** `key` or `key=value`. */
  readonly label?: string;
  /** Null for all. */
  readonly siteIds: readonly string[] | null;
}

const from = `SELECT ${machineColumns('m')}, s.name AS site FROM machines m JOIN sites s ON s.id = m.site_id`;
const record = (row: MachineColumns & { readonly site: string }): MachineRecord => ({
  ...parseMachine(row),
  site: row.site,
});

export const machineInventory = (reader: Reader) => ({
  async list(query: PageRequest & MachineListQuery): Promise<Page<MachineRecord>> {
    const where = conditions();
    const { site, name, states, label, siteIds } = query;
    if (site !== undefined) where.and('(s.name = ? OR s.id::text = ?)', site, site);
    if (name !== undefined) where.and('m.name = ?', name);
    if (states !== undefined) where.and('m.state = ANY(?::text[])', states);
    if (siteIds !== null) where.and('m.site_id = ANY(?::uuid[])', siteIds);
    if (label !== undefined) {
      const at = label.indexOf('=');
      if (at === -1) where.and('jsonb_exists(m.labels, ?)', label);
      else where.and('m.labels @> ?::jsonb', JSON.stringify({ [label.slice(0, at)]: label.slice(at + 1) }));
    }
    const after = nameAndIdAfter(query.after);
    if (after !== null) where.and('(m.name, m.id) > (?, ?::uuid)', ...after);
    const limit = where.value(query.limit + 1);
    const sql = `${from} WHERE ${where.sql()} ORDER BY m.name, m.id LIMIT ${limit}`;
    const rows = await reader.query<MachineColumns & { readonly site: string }>(sql, where.values());
    return toPage(rows.map(record), query.limit, nameAndId);
  },
  /** By name or id within its site. */
  async find(siteId: string, nameOrId: string): Promise<MachineRecord | null> {
    const byId = isUuid(nameOrId) ? 'm.id = $2::uuid' : 'm.name = $2';
    const [row] = await reader.query<MachineColumns & { readonly site: string }>(
      `${from} WHERE m.site_id = $1 AND ${byId}`,
      [siteId, nameOrId],
    );
    return row === undefined ? null : record(row);
  },
});
