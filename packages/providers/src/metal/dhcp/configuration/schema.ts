import { z } from 'zod';
import { clientKeyOfMac } from '../codec/hardware-address.ts';
import { type Ipv4, isHostAddress, maskOf, parseCidr, parseIpv4 } from '../codec/ipv4.ts';

/** Parses text by a function that answers null for what it cannot read. */
const read = <T>(parse: (text: string) => T | null, what: string) =>
  z.string().transform((text, context) => {
    const value = parse(text);
    if (value !== null) return value;
    context.addIssue({ code: 'custom', message: `write ${what}; "${text}" is none` });
    return z.NEVER;
  });

const hostAddress = (text: string): Ipv4 | null => {
  const address = parseIpv4(text);
  return address === null || !isHostAddress(address) ? null : address;
};
const address = read(hostAddress, 'the IPv4 address of a host, as in 10.77.0.1');
const network = read((text) => {
  const cidr = parseCidr(text);
  return cidr === null || (cidr.base & ~maskOf(cidr.prefixLength)) !== 0 ? null : cidr;
}, 'a network with its first address and prefix length, as in 10.77.0.0/24');
const mac = read(clientKeyOfMac, 'a MAC address, as in 52:54:00:77:00:01');
const domain = z
  .string()
  .regex(/^[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63})*$/i, 'write a domain name of ASCII labels, as in rack1.example.org')
  .max(253);
const seconds = z.number().int().min(1).max(0x7fffffff);
const httpUrl = z.url({ protocol: /^https?$/ }).max(255, 'firmware reads no longer URL');

/** Bytes that a relay puts into option 82: text, or `hex:` and digits. Read as hex. */
const relayId = z
  .string()
  .regex(/^(hex:([0-9a-f]{2})+|(?!hex:).+)$/i, 'write text, or hex: and pairs of hex digits')
  .transform((text) =>
    text.startsWith('hex:') ? text.slice('hex:'.length).toLowerCase() : Buffer.from(text, 'utf8').toString('hex'),
  );

const reservation = z.strictObject({
  address,
  /** Of the machine; or `port`. */
  mac: mac.optional(),
  /** Whoever is behind this port, by option 82 of a relay. Without `remoteId`, by the circuit alone. */
  port: z.strictObject({ circuitId: relayId, remoteId: relayId.optional() }).optional(),
  hostname: domain.optional(),
});

/** Boot file by kind of firmware, one name a family: both codes of one firmware, TFTP and HTTP, load the same. */
export const loaderNames = [
  'bios',
  'ia32-uefi',
  'x64-uefi',
  'arm32-uefi',
  'arm64-uefi',
  'ppc64',
  'uboot-arm32',
  'uboot-arm64',
  'riscv32-uefi',
  'riscv64-uefi',
  's390x',
  'loongarch64-uefi',
  'raspberry-pi',
] as const;

export type LoaderName = (typeof loaderNames)[number];

const boot = z.strictObject({
  /** TFTP server; default: the address the DHCP server answers from. */
  nextServer: address.optional(),
  /** Its name for option 66 and `sname`; default: its address. */
  serverName: z.string().max(63).optional(),
  /** File names on the TFTP server, also below `httpBase`. */
  loaders: z
    .partialRecord(z.enum(loaderNames), z.string().min(1).max(127))
    .default({ bios: 'undionly.kpxe', 'x64-uefi': 'snponly.efi', 'arm64-uefi': 'snponly-arm64.efi' }),
  /** Where UEFI HTTP boot fetches loaders; without it such clients get no boot file. */
  httpBase: httpUrl.optional(),
  /** What an iPXE runs. */
  script: httpUrl.optional(),
  /** User class of an iPXE that we built. */
  ownUserClass: z.string().min(1).max(63).default('formwork'),
  /** True: an iPXE in a ROM, possibly years old, loads ours first. */
  rechainStockIpxe: z.boolean().default(false),
});

export const subnetSchema = z.strictObject({
  name: z.string().min(1).max(63),
  cidr: network,
  /** Addresses for everybody, ends included. None: reservations only. */
  pools: z.array(z.strictObject({ first: address, last: address })).default([]),
  /** `proxy`: another server gives the addresses, this one only tells what to boot. */
  mode: z.enum(['serve', 'proxy']).default('serve'),
  /** Whether no other server serves this network: NAK what is wrong instead of silence. */
  authoritative: z.boolean().default(true),
  leaseS: seconds.default(3600),
  /** While firmware and boot loaders run: a machine that never comes up frees its address soon. */
  bootLeaseS: seconds.default(300),
  routers: z.array(address).default([]),
  dnsServers: z.array(address).default([]),
  ntpServers: z.array(address).default([]),
  logServers: z.array(address).default([]),
  domainName: domain.optional(),
  domainSearch: z.array(domain).max(8).default([]),
  mtu: z.number().int().min(576).max(65_535).optional(),
  routes: z
    .array(z.strictObject({ to: network, via: address }))
    .max(32)
    .default([]),
  /** Option 114, for who asks for it. */
  defaultUrl: httpUrl.optional(),
  reservations: z.array(reservation).default([]),
  /** Believe option 82 of a packet that came through no relay: only where a switch replaces what clients write. */
  trustDirectAgent: z.boolean().default(false),
  boot: boot.optional(),
});

const node = z.strictObject({
  macs: z.array(mac).min(1),
  hostname: domain.optional(),
  /** False: no boot file, the firmware goes on to its next device. */
  netboot: z.boolean().default(true),
  /** The operating system does not run yet: short leases. */
  booting: z.boolean().default(false),
  /** Instead of what its firmware says (a Raspberry Pi 5 says BIOS). */
  loader: z.enum(loaderNames).optional(),
  script: httpUrl.optional(),
  /** For ROMs that read option 67 as a C string. */
  terminateBootFile: z.boolean().default(false),
});

const listener = z.strictObject({
  /** Own address on that network: server identifier and source of replies. */
  address,
  /** Socket handed in by systemd (FileDescriptorName=), bound to the device by it. */
  fdName: z.string().min(1).optional(),
  /** Only what relays and clients send to `address`, no broadcasts. */
  unicastOnly: z.boolean().default(false),
});

/** The DHCP server's configuration. Every default is filled in; addresses become numbers, MACs client keys. */
export const dhcpConfigurationSchema = z.strictObject({
  listen: z.array(listener).min(1),
  /** Ports, for tests without rights. A relay is always answered on `server`. */
  ports: z
    .strictObject({
      server: z.number().int().min(1).max(65_535).default(67),
      client: z.number().int().min(1).max(65_535).default(68),
      proxy: z.number().int().min(1).max(65_535).default(4011),
    })
    .prefault({}),
  subnets: z.array(subnetSchema).min(1),
  boot: boot.prefault({}),
  nodes: z.array(node).default([]),
  /** Networks whose relays are answered. Empty: all. */
  relays: z.array(network).default([]),
  offerS: seconds.default(30),
  /** How long a declined or conflicting address rests. */
  quarantineS: seconds.default(600),
  /** Asks the network whether somebody has an address before it is offered for the first time. */
  conflictProbe: z
    .strictObject({
      enabled: z.boolean().default(false),
      timeoutMs: z.number().int().min(50).max(2000).default(300),
      atOnce: z.number().int().min(1).max(256).default(16),
    })
    .prefault({}),
  limits: z
    .strictObject({
      /** Of one client; 0: no limit. */
      packetsPerSecond: z.number().nonnegative().default(10),
      burst: z.number().int().min(1).default(30),
      /** Answers that wait for the disk; above it requests are dropped. */
      pendingCommits: z.number().int().min(1).default(10_000),
    })
    .prefault({}),
  rogue: z
    .strictObject({
      watch: z.boolean().default(true),
      /** Every so many seconds ask for other servers; 0: only listen. */
      probeEveryS: z.number().int().nonnegative().default(600),
      /** Other servers that are meant to be there. */
      known: z.array(address).default([]),
    })
    .prefault({}),
  /** Dropped to after the sockets are bound. */
  user: z.strictObject({ uid: z.number().int().min(1), gid: z.number().int().min(1) }).optional(),
});

export type DhcpConfiguration = z.infer<typeof dhcpConfigurationSchema>;
export type SubnetConfiguration = DhcpConfiguration['subnets'][number];
export type BootConfiguration = DhcpConfiguration['boot'];
export type NodeConfiguration = DhcpConfiguration['nodes'][number];
