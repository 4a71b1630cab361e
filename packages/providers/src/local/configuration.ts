import { z } from 'zod';
import { parseSubnet } from './addresses.ts';

const name = z.string().min(1);
const packageName = z.string().regex(/^[a-z0-9][a-z0-9+.-]+$/, 'is no Debian package name');

const imageSchema = z.strictObject({
  suite: z.string().regex(/^[a-z][a-z0-9-]*$/),
  /** Beside what every node needs (systemd, sshd, sudo, ...): what roles would install, so that they find it there. */
  packages: z.array(packageName).default([]),
});

const sizeSchema = z.strictObject({
  cpus: z.number().positive(),
  memoryGib: z.number().positive(),
  diskGib: z.number().positive().nullable().default(null),
});

/** Site configuration of `local`. `localConfigurationSchema.parse({})` is a usable site. */
export const localConfigurationSchema = z.strictObject({
  /** `auto`: nspawn for root on Linux, else docker when its engine answers. */
  driver: z.enum(['auto', 'nspawn', 'docker', 'plain']).default('auto'),
  bridge: z
    .string()
    .regex(/^[a-z][a-z0-9-]{0,14}$/, 'must be 1 to 15 characters a-z, 0-9, - and start with a letter')
    .default('fwbr0'),
  /** The nodes' network; its first address is the host's. */
  subnet: z
    .string()
    .refine((text) => parseSubnet(text) !== null, 'must be an IPv4 network like 10.77.0.0/24, /8 to /29')
    .default('10.77.0.0/24'),
  /** Empty takes the host's; on a host without a way out nodes get none, so that names fail at once. */
  nameservers: z.array(z.ipv4()).default([]),
  images: z
    .record(name, imageSchema)
    .refine((images) => Object.keys(images).length > 0, 'must name at least one image')
    .default({ 'debian-12': { suite: 'bookworm', packages: ['etcd-server', 'etcd-client'] } }),
  /** Taken when a group names no image; must be one of `images`. */
  defaultImage: name.default('debian-12'),
  /** Debian mirror; null takes the host's own apt sources for the suite, else deb.debian.org. */
  mirror: z
    .url({ protocol: /^https?$/ })
    .nullable()
    .default(null),
  sizes: z.record(name, sizeSchema).default({
    small: { cpus: 1, memoryGib: 1, diskGib: null },
    medium: { cpus: 2, memoryGib: 4, diskGib: null },
    large: { cpus: 4, memoryGib: 8, diskGib: null },
  }),
  maxNodes: z.number().int().nonnegative().default(100),
  /** Largest disk of one node, GiB; disks are sparse files and take what is written. */
  maxDiskGib: z.number().positive().default(200),
  /** Machines started at the same time by one worker. */
  parallelStarts: z.number().int().positive().default(4),
  /** Whom we log in as; `formwork` is no root and has sudo without a password. */
  user: z.enum(['root', 'formwork']).default('root'),
  /** Images and packages, shared by all sites of the host; null: /var/cache/formwork for root, else the site's own. */
  cacheDirectory: z.string().startsWith('/').nullable().default(null),
  packageCache: z
    .strictObject({
      enabled: z.boolean().default(true),
      port: z.number().int().min(1).max(65_535).default(3142),
      maxGib: z.number().positive().default(4),
    })
    .prefault({}),
  /** Install missing Debian packages on this host; null: yes for root where apt-get is. */
  installPackages: z.boolean().nullable().default(null),
});

export type LocalConfiguration = z.infer<typeof localConfigurationSchema>;
export type ImageConfiguration = z.infer<typeof imageSchema>;

/** Being root is all it takes. */
export const localCredentialsSchema = z.strictObject({});
export type LocalCredentials = z.infer<typeof localCredentialsSchema>;
