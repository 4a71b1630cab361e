/**
 * What the boot listener and its parent say to each other over the IPC channel (`serialization: 'advanced'`, so that
 * octets stay octets). The listener decides nothing about machines: it hands on what it was asked.
 */
import { z } from 'zod';

/** The headers that the agent protocol knows; others stay with the listener. */
export const agentHeaders = ['formwork-session', 'formwork-counter', 'formwork-signature'] as const;

const octets = z.custom<Uint8Array>((value) => value instanceof Uint8Array);

const forwardedRequest = z.object({
  id: z.int().nonnegative(),
  method: z.string(),
  /** As it came: path and query, percent-encoded. */
  target: z.string(),
  /** Where the request came from, IPv4 as such. */
  address: z.string(),
  headers: z.partialRecord(z.enum(agentHeaders), z.string()),
  body: octets,
});
/** A request that the parent has to decide on. */
export type ForwardedRequest = z.infer<typeof forwardedRequest>;

const fromListener = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('ready'), addresses: z.array(z.object({ address: z.string(), port: z.int() })) }),
  z.object({ kind: z.literal('request'), request: forwardedRequest }),
]);
export type FromListener = z.infer<typeof fromListener>;

const decidedAnswer = z.object({
  status: z.int().min(200).max(599),
  headers: z.record(z.string(), z.string()),
  body: octets,
});
/** An answer in full, or a file of the images directory that the listener sends, with ranges. */
const decided = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('answer'), answer: decidedAnswer }),
  z.object({ kind: z.literal('image'), path: z.string() }),
]);
export type Decided = z.infer<typeof decided>;

const toListener = z.object({ id: z.int().nonnegative(), decided });
export type ToListener = z.infer<typeof toListener>;

/** Throws when it is none: the listener is not trusted with more than its own shape. */
export const readFromListener = (value: unknown): FromListener => fromListener.parse(value);
export const readToListener = (value: unknown): ToListener => toListener.parse(value);
