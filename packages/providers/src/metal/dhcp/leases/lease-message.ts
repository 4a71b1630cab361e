import { z } from 'zod';
import { clientKeyOfMac, formatClientKey } from '../codec/hardware-address.ts';
import { formatIpv4, parseIpv4 } from '../codec/ipv4.ts';
import type { Lease } from './lease.ts';

const toldLease = z.object({
  address: z.string(),
  /** MAC with colons for Ethernet. */
  client: z.string(),
  state: z.enum(['active', 'released', 'quarantined']),
  untilMs: z.number(),
  hostname: z.string(),
  sequence: z.int().nonnegative(),
});
/** A lease as the DHCP server's process tells its parent. */
export type ToldLease = z.infer<typeof toldLease>;

const message = z.object({ kind: z.literal('leases'), leases: z.array(toldLease) });

export const leaseMessage = (batch: readonly Lease[]): z.infer<typeof message> => ({
  kind: 'leases',
  leases: batch.map(({ address, client, ...rest }) => ({
    ...rest,
    address: formatIpv4(address),
    client: formatClientKey(client),
  })),
});

/** Throws when it is none. */
export const readLeaseMessage = (value: unknown): readonly ToldLease[] => message.parse(value).leases;

/** The leases of a copy, as `leaseMessage` told them once: what cannot be read is left out. */
export function readCopiedLeases(text: string): readonly Lease[] {
  const told = z.array(z.unknown()).parse(JSON.parse(text));
  return told.flatMap((value) => {
    const parsed = toldLease.safeParse(value);
    const address = parsed.success ? parseIpv4(parsed.data.address) : null;
    if (!parsed.success || address === null) return [];
    const { client } = parsed.data;
    return { ...parsed.data, address, client: clientKeyOfMac(client) ?? client };
  });
}
