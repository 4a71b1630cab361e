import { existsSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';

/** The repository, seen from src and from dist alike. */
const root = path.resolve(import.meta.dirname, '../../..');
const text = z.string().min(1);

/** What a server is told by its environment. */
export const environment = z
  .object({
    DATABASE_URL: text,
    /** The queue; BullMQ's own Postgres backend on the same database when not given. */
    REDIS_URL: text.optional(),
    FORMWORK_HOST: text.default('127.0.0.1'),
    FORMWORK_PORT: z.coerce.number().int().min(0).max(65_535).default(8468),
    FORMWORK_MASTER_KEY_FILE: text.optional(),
    /** 32 bytes in base64 or hex. */
    FORMWORK_MASTER_KEY: text.optional(),
    FORMWORK_DATA_DIR: text.default('/var/lib/formwork'),
    /** Where the first admin token goes; printed once when not given. */
    FORMWORK_ADMIN_TOKEN_FILE: text.optional(),
    /** Folder of the bundled packs. */
    FORMWORK_CONTENT_DIR: text.default(path.join(root, 'content')),
    FORMWORK_MIGRATIONS_DIR: text.default(path.join(root, 'prisma/migrations')),
    /** Sent with every answer, so that whoever started this server knows it from others on the port. */
    FORMWORK_INSTANCE: text.optional(),
    /** `1`: stop when stdin, a pipe held by whoever started it, ends. */
    FORMWORK_UNTIL_STDIN_ENDS: z.enum(['0', '1']).default('0'),
    FORMWORK_TLS_CERT_FILE: text.optional(),
    FORMWORK_TLS_KEY_FILE: text.optional(),
    LOG_LEVEL: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal']).default('info'),
    NODE_ENV: z.string().optional(),
  })
  .refine((given) => (given.FORMWORK_TLS_CERT_FILE === undefined) === (given.FORMWORK_TLS_KEY_FILE === undefined), {
    path: ['FORMWORK_TLS_CERT_FILE'],
    message: 'TLS needs both FORMWORK_TLS_CERT_FILE and FORMWORK_TLS_KEY_FILE',
  })
  .refine((given) => existsSync(given.FORMWORK_CONTENT_DIR), {
    path: ['FORMWORK_CONTENT_DIR'],
    message: 'the folder is not there',
  });

export type Environment = z.infer<typeof environment>;
