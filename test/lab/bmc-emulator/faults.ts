import { z } from 'zod';

/** What an emulated BMC does wrong. All may be changed while it runs; the defaults are a BMC that works. */
export const faultsSchema = z.object({
  /** Answers nothing at all. */
  silent: z.boolean().default(false),
  /** Every answer comes this much later, milliseconds. */
  slowMs: z.number().int().min(0).default(0),
  /** Every nth answer is lost, after the command was carried out; 0 loses none. */
  loseEvery: z.number().int().min(0).default(0),
  /** Answers are cut to this many bytes; 0 cuts nothing. */
  truncateTo: z.number().int().min(0).default(0),
  /** Answers other bytes than it should, in packets that are otherwise right. */
  wrongAnswer: z.boolean().default(false),
  /** Takes power commands, says OK and does nothing. */
  lyingPower: z.boolean().default(false),
  /** Takes a boot device, says OK and forgets it. */
  forgetsBootDevice: z.boolean().default(false),
  /** All session slots are taken by others. */
  noSlots: z.boolean().default(false),
  /** The code of RAKP 2 is wrong, as of a BMC with another password; likewise the check value of RAKP 4. */
  badRakp2: z.boolean().default(false),
  badRakp4: z.boolean().default(false),
  /** AuthCodes of answers within a session are wrong. */
  badAuthCode: z.boolean().default(false),
  /** Cipher suites that it lists but refuses. */
  refusedSuites: z.array(z.number().int()).default([]),
  /** The next commands are answered with these completion codes, one each. */
  completionCodes: z.array(z.number().int().min(1).max(255)).default([]),
  /** The next reads of the event log find their reservation cancelled. */
  cancelledReservations: z.number().int().min(0).default(0),
  /** The most bytes of the FRU that it reads at once. */
  fruChunk: z.number().int().min(1).default(32),
  /** The next HTTP requests are answered with these statuses, one each; 503 and 429 with Retry-After 1. */
  httpStatuses: z.array(z.number().int().min(300).max(599)).default([]),
  /** How long a cold reset takes, milliseconds. */
  coldResetMs: z.number().int().min(0).default(2_000),
});
export type Faults = z.infer<typeof faultsSchema>;

export const noFaults = (): Faults => faultsSchema.parse({});
