/**
 * Faults a simulated site can be told to have. A fault without `nodes`, `roles` or `actions` holds for all of them;
 * each is a list of names in which `*` stands for any characters. `probability` is drawn by the site's seed, once for
 * each thing it can hit (the node; for steps the node, role and attempt; for calls the count of the call).
 *
 * Steps   slow, failing, transient, lost: by `attempts`; not-yet, reboot: the first `times` answers of one attempt.
 *         unreachable: by `attempts`, or a window of time from the machine's first boot.
 * Machine slow-boot, never-ready, vanish (destroyed behind our back), lying-ready, create-lost (made, but the call
 *         fails), lying-destroy (done, yet listed once more), failing-destroy (the first `times` calls).
 * Calls   throttled, auth, unavailable: by the count of calls that match, `from` 1; capacity: by candidate or count.
 */
import { z } from 'zod';

const patterns = z.array(z.string().min(1)).min(1).optional();
const probability = z.number().min(0).max(1).default(1);
const count = z.number().int().positive();
const ms = z.number().nonnegative();
/** Inclusive; `to: null` is without end. */
const range = z.strictObject({ from: count.default(1), to: count.nullable().default(null) });
const always = { from: 1, to: null };
const firstOnly = { from: 1, to: 1 };

const step = { roles: patterns, nodes: patterns, actions: patterns, probability };
const machine = { nodes: patterns, probability };
const operations = z.array(z.enum(['check', 'catalogue', 'ensure', 'observe', 'destroy', 'list', 'power'])).optional();
const call = { nodes: patterns, operations, probability };

export const stepFaultSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('slow'), ...step, attempts: range.default(always), factor: z.number().positive() }),
  z.strictObject({
    kind: z.literal('failing'),
    ...step,
    attempts: range.default(always),
    message: z.string().default('the simulated step failed'),
  }),
  z.strictObject({ kind: z.literal('transient'), ...step, attempts: range.default(firstOnly) }),
  z.strictObject({ kind: z.literal('lost'), ...step, attempts: range.default(firstOnly) }),
  z.strictObject({ kind: z.literal('not-yet'), ...step, times: count.default(1), retryAfterMs: ms.default(1000) }),
  z.strictObject({ kind: z.literal('reboot'), ...step, times: count.default(1) }),
  z.strictObject({
    kind: z.literal('unreachable'),
    ...step,
    attempts: range.default(always),
    /** Window in simulated time from the machine's first boot; `forMs: null` is without end. */
    afterMs: ms.default(0),
    forMs: ms.nullable().default(null),
  }),
]);

export const machineFaultSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('slow-boot'), ...machine, factor: z.number().positive() }),
  z.strictObject({ kind: z.literal('never-ready'), ...machine }),
  z.strictObject({ kind: z.literal('lying-ready'), ...machine }),
  z.strictObject({ kind: z.literal('create-lost'), ...machine }),
  z.strictObject({ kind: z.literal('lying-destroy'), ...machine }),
  z.strictObject({ kind: z.literal('failing-destroy'), ...machine, times: count.default(2) }),
  z.strictObject({ kind: z.literal('vanish'), ...machine, afterMs: ms }),
]);

export const callFaultSchema = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('throttled'),
    ...call,
    calls: range.default(firstOnly),
    retryAfterMs: ms.default(1000),
  }),
  z.strictObject({ kind: z.literal('auth'), ...call, calls: range.default(always) }),
  z.strictObject({ kind: z.literal('unavailable'), ...call, calls: range.default(firstOnly) }),
  z.strictObject({
    kind: z.literal('capacity'),
    nodes: patterns,
    probability,
    /** The first so many candidates have none, ever. */
    candidates: count.optional(),
    /** The first so many create calls of the site find none. */
    creates: count.optional(),
  }),
]);

export const faultSchema = z.discriminatedUnion('kind', [stepFaultSchema, machineFaultSchema, callFaultSchema]);

export type StepFault = z.infer<typeof stepFaultSchema>;
export type MachineFault = z.infer<typeof machineFaultSchema>;
export type CallFault = z.infer<typeof callFaultSchema>;
export type Fault = z.infer<typeof faultSchema>;
export type Operation = 'check' | 'catalogue' | 'ensure' | 'observe' | 'destroy' | 'list' | 'power';
