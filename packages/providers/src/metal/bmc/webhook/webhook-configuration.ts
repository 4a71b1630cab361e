import { z } from 'zod';

/** A value of the site's secrets, by its name; the value itself is never part of a configuration. */
const secretReference = z.strictObject({ secret: z.string().min(1) });

const request = z.strictObject({
  url: z.url({ protocol: /^https?$/ }),
  method: z.enum(['GET', 'POST', 'PUT', 'PATCH', 'DELETE']).default('POST'),
  headers: z.record(z.string().regex(/^[A-Za-z0-9-]+$/), z.union([z.string(), secretReference])).default({}),
  /** Sent as it is; its content type is a header. */
  body: z.string().max(16_384).optional(),
});
export type WebhookRequest = z.infer<typeof request>;

/** How an answer is read: the value at a JSON pointer (RFC 6901), or the first group of a regular expression. */
const reading = z.union([
  z.strictObject({ pointer: z.string().regex(/^(\/([^~/]|~[01])*)*$/) }),
  z.strictObject({
    pattern: z
      .string()
      .max(200)
      .refine((text) => isPattern(text), 'is no regular expression'),
  }),
]);
export type WebhookReading = z.infer<typeof reading>;

/** Power by HTTP requests of any kind: PDUs, home automation, other people's services. */
export const webhookSchema = z.strictObject({
  status: z.strictObject({
    request,
    read: reading,
    on: z.array(z.string()).min(1).default(['on', 'true', '1']),
    off: z.array(z.string()).min(1).default(['off', 'false', '0']),
  }),
  on: request,
  off: request,
  /** Without them a cycle is off and on, and a soft shutdown or a reset is not possible. */
  soft: request.optional(),
  reset: request.optional(),
});
export type WebhookConfiguration = z.infer<typeof webhookSchema>;

function isPattern(text: string): boolean {
  try {
    return new RegExp(text, 'm').source.length > 0;
  } catch {
    return false;
  }
}
