import { isIPv4 } from 'node:net';
import { type DiscoveryRule, type FactPattern, machineStates } from '@formwork/core';
import { z } from 'zod';
import { bmcSettingsSchema } from './bmc-settings.ts';
import { subnetSchema } from './dhcp/configuration/schema.ts';

const name = z.string().min(1).max(63);
const machineName = z
  .string()
  .max(63)
  .regex(/^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/, 'write lower case letters, digits and hyphens, as in rack1-04');
const mac = z.string().regex(/^[0-9a-f]{2}([:-][0-9a-f]{2}){5}$/i, 'write a MAC address, as in 52:54:00:77:00:01');
const labels = z.record(name, z.string().max(256));
const host = z.string().refine(isIPv4, 'write the IPv4 address of a host, as in 10.77.0.1');
const seconds = z.int().positive();

/** Kept as it is written: the DHCP server's process parses it again, with its defaults. */
const subnet = z.custom<z.input<typeof subnetSchema>>().superRefine((value, context) => {
  const parsed = subnetSchema.safeParse(value);
  for (const { path, message } of parsed.error?.issues ?? []) context.addIssue({ code: 'custom', path, message });
});

/** Which disk an image goes to; the agent refuses when hints fit none or several. Without hints: the only one there is. */
const diskHints = z.strictObject({
  serial: name.optional(),
  wwn: name.optional(),
  byPath: z.string().max(256).optional(),
  model: z.string().max(256).optional(),
  minBytes: z.int().positive().optional(),
  maxBytes: z.int().positive().optional(),
  rotational: z.boolean().optional(),
  /** The kernel's name: only where nothing else tells disks apart. */
  name: name.optional(),
});

const image = z.strictObject({
  /** Below the image directory of the boot service. */
  file: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._/-]*$/, 'write a file name below the image directory'),
  format: z.enum(['raw', 'zstd']).default('raw'),
  /** Of the file as it is stored. */
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  /** Of the raw image. */
  sizeBytes: z.int().positive(),
  arch: z.enum(['amd64', 'arm64']).default('amd64'),
  /** As /etc/os-release has them: `debian`, `bookworm`. */
  os: z.string().regex(/^[a-z]+$/),
  release: z.string().regex(/^[a-z0-9.]+$/),
  description: z.string().max(256).default(''),
  disk: diskHints.prefault({}),
});

const size = z.strictObject({
  cpus: z.number().positive(),
  memoryGib: z.number().positive(),
  diskGib: z.number().positive().nullable().default(null),
  gpus: z.int().nonnegative().optional(),
  arch: z.enum(['amd64', 'arm64']).optional(),
});

const pattern: z.ZodType<FactPattern> = z.union([
  z.string().max(256),
  z.number(),
  z.boolean(),
  z.null(),
  z.strictObject({ min: z.number().optional(), max: z.number().optional() }),
]);
const rule: z.ZodType<DiscoveryRule> = z.strictObject({
  match: z.record(z.string().min(1).max(128), pattern),
  /** `rack1-{number}`, `dell-{serial}`; see core's discovery-rules.ts. */
  name: z.string().max(63).nullable().default(null),
  labels: labels.default({}),
  /** False: a person approves what the rule has named. */
  approve: z.boolean().default(false),
});

/** Site configuration of `metal`. `parse({})` is a site whose machines are added one by one and bring their image. */
export const metalConfigurationSchema = z.strictObject({
  subnets: z.array(subnet).default([]),
  boot: z
    .strictObject({
      /** Address of the boot service, as machines reach it; null: the site boots nothing itself. */
      address: host.nullable().default(null),
      httpPort: z.int().min(1).max(65_535).default(8080),
      tftp: z.boolean().default(true),
      /** Interfaces of the metal worker's host to serve on; empty: the one that has the address. */
      interfaces: z.array(z.string().min(1).max(15)).default([]),
    })
    .prefault({}),
  images: z.record(name, image).default({}),
  /** For who names none; null: an image must be named. */
  defaultImage: name.nullable().default(null),
  sizes: z.record(name, size).default({}),
  rules: z.array(rule).default([]),
  /** How unknown machines come in: by a person, the first that says so, or by its TPM. */
  trust: z.enum(['approval', 'tofu', 'tpm']).default('approval'),
  limits: z
    .strictObject({
      /** Unknown machines of a subnet, in all and within `windowSeconds`. */
      unknown: z.int().nonnegative().default(256),
      unknownPerWindow: z.int().nonnegative().default(64),
      windowSeconds: seconds.default(60),
    })
    .prefault({}),
  /** Minutes that a state may last, where that is not what docs/metal/lifecycle.md says. */
  deadlineMinutes: z.partialRecord(z.enum(machineStates), z.number().positive()).default({}),
  bmc: z
    .strictObject({
      /** Between two commands to one BMC. */
      minimumGapMs: z.int().nonnegative().default(250),
      powerDeadlineMs: z.int().positive().default(60_000),
      pollMs: z.int().positive().default(2_000),
    })
    .prefault({}),
  /** A machine whose agent is silent for so long after a network boot is sent through another one. */
  bootAgainMinutes: z.number().positive().default(10),
  wipe: z.enum(['quick', 'nvme', 'ata', 'auto']).default('auto'),
  burnIn: z
    .strictObject({
      cpuSeconds: seconds.default(600),
      memorySeconds: seconds.default(600),
      diskSeconds: seconds.default(600),
    })
    .prefault({}),
  /** A shell script that the agent runs on a machine before its operating system is installed; null: none. */
  hardware: z
    .strictObject({ script: z.string().max(65_536), timeoutSeconds: seconds.default(1_800) })
    .nullable()
    .default(null),
  /** What becomes of a machine in the pool: off saves power, on saves a boot. */
  idle: z.enum(['off', 'on']).default('off'),
  /** Machines that are known beforehand. One that is taken out of here stays in the inventory. */
  machines: z
    .array(
      z.strictObject({
        name: machineName,
        macs: z.array(mac).default([]),
        labels: labels.default({}),
        bmc: bmcSettingsSchema.nullable().default(null),
      }),
    )
    .default([]),
  ssh: z
    .strictObject({
      user: z
        .string()
        .regex(/^[a-z][a-z0-9_-]*$/)
        .default('root'),
      port: z.int().min(1).max(65_535).default(22),
    })
    .prefault({}),
});
export type MetalConfiguration = z.infer<typeof metalConfigurationSchema>;

/** Accounts of BMCs and values of webhooks, by the names that machines refer to. */
export const metalCredentialsSchema = z.strictObject({
  bmc: z
    .record(
      name,
      z.strictObject({
        user: z.string().max(64),
        password: z.string().max(256),
        kgHex: z
          .string()
          .regex(/^([0-9a-f]{2}){1,20}$/i)
          .optional(),
      }),
    )
    .default({}),
  secrets: z.record(name, z.string()).default({}),
});
export type MetalCredentials = z.infer<typeof metalCredentialsSchema>;
