import type { Database } from '../database.ts';

/** A lease as the DHCP server's journal has it. */
export interface DhcpLeaseRow {
  /** `10.77.0.100`. */
  readonly address: string;
  /** MAC, `52:54:00:77:00:01`, else hardware type and address as the journal writes them. */
  readonly client: string;
  readonly state: 'active' | 'released' | 'quarantined';
  readonly hostname: string;
  readonly untilMs: number;
  readonly sequence: number;
}

/** Brings states into the copy. They may come again and in any order: of one address the greatest sequence counts. */
export async function writeDhcpLeases(
  db: Pick<Database, 'query'>,
  siteId: string,
  batch: readonly DhcpLeaseRow[],
): Promise<void> {
  const newest = new Map<string, DhcpLeaseRow>();
  for (const lease of batch) {
    const known = newest.get(lease.address);
    if (known === undefined || known.sequence < lease.sequence) newest.set(lease.address, lease);
  }
  if (newest.size === 0) return;
  await db.query(
    `INSERT INTO dhcp_leases (site_id, address, client, state, hostname, expires_at, sequence)
     SELECT $1, l.address, l.client, l.state, l.hostname, to_timestamp(l."untilMs" / 1000.0), l.sequence
     FROM jsonb_to_recordset($2::jsonb) AS l(address text, client text, state text, hostname text, "untilMs" bigint, sequence bigint)
     ON CONFLICT (site_id, address) DO UPDATE SET client = excluded.client, state = excluded.state,
       hostname = excluded.hostname, expires_at = excluded.expires_at, sequence = excluded.sequence
     WHERE dhcp_leases.sequence < excluded.sequence`,
    [siteId, JSON.stringify([...newest.values()])],
  );
}

/** All that are known of a site. */
export async function readDhcpLeases(db: Pick<Database, 'query'>, siteId: string): Promise<readonly DhcpLeaseRow[]> {
  const rows = await db.query<{
    address: string;
    client: string;
    state: DhcpLeaseRow['state'];
    hostname: string;
    expires_at: Date;
    sequence: string;
  }>(
    `SELECT address, client, state, hostname, expires_at, sequence FROM dhcp_leases WHERE site_id = $1
     ORDER BY address::inet`,
    [siteId],
  );
  return rows.map(({ expires_at: expiresAt, sequence, ...row }) => ({
    ...row,
    untilMs: expiresAt.getTime(),
    sequence: Number(sequence),
  }));
}
