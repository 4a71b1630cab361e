import { z } from 'zod';

const list = z.string().transform((text) =>
  text
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== ''),
);

/** What a worker is told by its environment. */
export const environment = z
  .object({
    DATABASE_URL: z.string().min(1),
    REDIS_URL: z.string().min(1).optional(),
    FORMWORK_MASTER_KEY_FILE: z.string().min(1).optional(),
    FORMWORK_MASTER_KEY: z.string().min(1).optional(),
    /** Where providers keep what is this host's. */
    FORMWORK_DATA_DIR: z.string().min(1).default('/var/lib/formwork'),
    /** Unique among the workers of one database; made up when not given. */
    FORMWORK_WORKER_ID: z.string().min(1).optional(),
    /** Names of the sites it serves, by commas; all when not given. */
    FORMWORK_WORKER_SITES: list.optional(),
    /** What it does: `steps` of deployments, `metal`: DHCP, TFTP and boot over HTTP of the metal sites of this host. */
    FORMWORK_WORKER_ROLES: list
      .pipe(z.array(z.enum(['steps', 'metal'], 'roles are steps and metal, by commas')).min(1))
      .default(['steps']),
    /** Who the processes of metal sites become, `uid:gid`, where the worker is root. */
    FORMWORK_METAL_USER: z
      .string()
      .regex(/^[1-9]\d{0,9}:[1-9]\d{0,9}$/, 'write numbers, as in 65534:65534; root is nobody to become')
      .default('65534:65534'),
    /** Steps at once. */
    FORMWORK_WORKER_SLOTS: z.coerce.number().int().min(1).max(10_000).default(32),
    /** `1`: stop when stdin, a pipe held by whoever started it, ends. */
    FORMWORK_UNTIL_STDIN_ENDS: z.enum(['0', '1']).default('0'),
    LOG_LEVEL: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal']).default('info'),
  })
  .refine((given) => given.FORMWORK_MASTER_KEY_FILE !== undefined || given.FORMWORK_MASTER_KEY !== undefined, {
    path: ['FORMWORK_MASTER_KEY_FILE'],
    message: 'a worker needs the master key of its servers: give this file, or the key itself as FORMWORK_MASTER_KEY',
  });

export type Environment = z.infer<typeof environment>;
