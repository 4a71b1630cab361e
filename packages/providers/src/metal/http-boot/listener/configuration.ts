import { isIP } from 'node:net';
import { z } from 'zod';

const count = z.int().min(1);
const milliseconds = z.int().min(10).max(3_600_000);

/** What one peer, and all of them, may have at once. Machines behind one address (a relay's NAT) share its part. */
const limits = z.strictObject({
  connections: count.default(4096),
  connectionsPerAddress: count.default(32),
  /** Requests a second of one address, and how many may come at once. */
  requestsPerSecond: z.number().positive().default(50),
  burst: count.default(200),
  /** Requests that wait for the parent's decision. */
  undecided: count.default(2048),
  undecidedPerAddress: count.default(16),
  /** Largest body, octets. */
  bodyBytes: count.default(256 * 1024),
  /** Longest time for the headers of a request, and for all of it. */
  headersMs: milliseconds.default(10_000),
  requestMs: milliseconds.default(30_000),
  /** Longest silence of a client that is being sent something. */
  stalledMs: milliseconds.default(30_000),
  /** Longest wait for the parent's decision. */
  decisionMs: milliseconds.default(10_000),
});

/** Configuration of the boot listener as a process. */
export const bootListenerConfiguration = z.strictObject({
  /** Local addresses to listen on. */
  addresses: z.array(z.string().refine((text) => isIP(text) !== 0, 'no IP address')).min(1),
  /** 0: any free one. */
  port: z.int().min(0).max(65_535).default(8080),
  /** Where machines reach it, without a slash at the end; null: the first address and its port. */
  baseUrl: z
    .url({ protocol: /^https?$/ })
    .regex(/[^/]$/, 'write it without a slash at its end')
    .max(200)
    .nullable()
    .default(null),
  /** Directory of what anyone may have, absolute: `/files/`. */
  root: z.string().startsWith('/'),
  /** Directory of what the parent alone gives out, absolute; null: there is none. */
  images: z.string().startsWith('/').nullable().default(null),
  limits: limits.prefault({}),
  /** Who to become once the sockets are bound; null: stay who we are. */
  becomes: z
    .strictObject({ uid: z.int().min(1), gid: z.int().min(1) })
    .nullable()
    .default(null),
});

export type BootListenerConfiguration = z.infer<typeof bootListenerConfiguration>;
export type BootListenerLimits = BootListenerConfiguration['limits'];
