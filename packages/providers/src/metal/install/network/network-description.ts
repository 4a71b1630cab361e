/**
 * The network of one machine, said once and rendered for what its system configures networks with. Interfaces are found by
 * the MAC of their hardware and then have the name that is given here: the kernel's names differ from boot to boot.
 */
import { z } from 'zod';
import { parseIp, parseIpNetwork } from './ip-network.ts';

const matching = (holds: (text: string) => boolean, what: string) =>
  z.string().check((context) => {
    if (holds(context.value)) return;
    context.issues.push({ code: 'custom', input: context.value, message: `write ${what}; "${context.value}" is none` });
  });

/** The kernel takes 15 octets; what it or a shell could read as something else is left out. */
const name = matching(
  (text) => /^[a-zA-Z][a-zA-Z0-9_.-]{0,14}$/.test(text) && !['lo', 'all', 'default'].includes(text),
  'an interface name of at most 15 letters, digits, ".", "_" and "-", as in lan0',
);
const mac = matching(
  (text) => /^([0-9a-f]{2}:){5}[0-9a-f]{2}$/i.test(text) && !/^.[13579bdf]/i.test(text) && !/^(00:){5}00$/.test(text),
  'the MAC of one interface, as in 52:54:00:77:00:01',
).transform((text) => text.toLowerCase());
const ip = matching((text) => parseIp(text) !== null, 'an IP address, as in 10.77.0.1 or fd77::1');
const cidr = matching((text) => parseIpNetwork(text) !== null, 'an address with its prefix length, as in 10.77.0.9/24');
const domain = matching(
  (text) => /^([a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?)(\.[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?)*$/i.test(text),
  'a domain name, as in rack1.example.org',
);

const route = z.strictObject({
  /** `default`, or a network. */
  to: z.union([z.literal('default'), cidr]),
  via: ip,
  metric: z.int().min(0).max(0xffffffff).optional(),
  /** The gateway is on the link although no address of the interface says so. */
  onLink: z.boolean().optional(),
});

const common = {
  name,
  mtu: z.int().min(68).max(65_535).optional(),
  addresses: z.array(cidr).default([]),
  dhcp4: z.boolean().default(false),
  dhcp6: z.boolean().default(false),
  nameservers: z.array(ip).default([]),
  searchDomains: z.array(domain).default([]),
  routes: z.array(route).default([]),
};
const members = z.array(z.string()).min(1, 'name at least one member');

const ethernet = z.strictObject({ kind: z.literal('ethernet'), ...common, mac });
const bond = z.strictObject({
  kind: z.literal('bond'),
  ...common,
  members,
  mode: z.enum(['balance-rr', 'active-backup', 'balance-xor', 'broadcast', '802.3ad', 'balance-tlb', 'balance-alb']),
  /** How often the link of a member is looked at. */
  miiMonitorMs: z.int().min(1).max(60_000).default(100),
  lacpRate: z.enum(['slow', 'fast']).optional(),
  transmitHashPolicy: z.enum(['layer2', 'layer3+4', 'layer2+3', 'encap2+3', 'encap3+4']).optional(),
  primary: z.string().optional(),
});
const vlan = z.strictObject({
  kind: z.literal('vlan'),
  ...common,
  link: z.string(),
  id: z
    .int()
    .min(1, 'a VLAN has a number from 1 to 4094; 0 is for frames without one')
    .max(4094, 'a VLAN has a number from 1 to 4094; 4095 is reserved'),
});
const bridge = z.strictObject({
  kind: z.literal('bridge'),
  ...common,
  members: z.array(z.string()).default([]),
  /** Spanning tree; a bridge in a machine is a leaf, so that it only delays. */
  stp: z.boolean().default(false),
});

export const networkDescriptionSchema = z.strictObject({
  interfaces: z.array(z.discriminatedUnion('kind', [ethernet, bond, vlan, bridge])).max(128),
});

/** As it is written; defaults are not filled in. */
export type NetworkInput = z.input<typeof networkDescriptionSchema>;
export type NetworkDescription = z.output<typeof networkDescriptionSchema>;
export type NetworkInterface = NetworkDescription['interfaces'][number];
export type Bond = Extract<NetworkInterface, { kind: 'bond' }>;
export type Route = NetworkInterface['routes'][number];

export const membersOf = (one: NetworkInterface): readonly string[] => ('members' in one ? one.members : []);

/** What must be there before it: the members of a bond or bridge, the link of a VLAN. */
export const needsOf = (one: NetworkInterface): readonly string[] =>
  one.kind === 'vlan' ? [one.link] : membersOf(one);

/** The bond or bridge that it is a member of. */
export const masterOf = (
  { interfaces }: NetworkDescription,
  { name: own }: NetworkInterface,
): NetworkInterface | null => interfaces.find((one) => membersOf(one).includes(own)) ?? null;
