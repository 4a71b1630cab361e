/** How a machine's BMC is reached, as it is written in a site's configuration and kept with the machine. */
import type { MachineBmc } from '@formwork/core';
import { z } from 'zod';
import { webhookSchema } from './bmc/webhook/webhook-configuration.ts';

const shared = {
  address: z.string().min(1).max(253),
  port: z.int().min(1).max(65_535).nullable().default(null),
  /** Name of the account in the site's credentials. */
  credentials: z.string().max(63).default('default'),
};

/** BIOS and UEFI machines are told apart by their facts; before there are any, by this. */
const firmware = z.enum(['bios', 'uefi']).optional();

const trustSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('system') }),
  z.strictObject({ kind: z.literal('ca'), pem: z.string().max(65_536) }),
  z.strictObject({ kind: z.literal('pin'), sha256: z.string().regex(/^([0-9a-f]{2}:?){31}[0-9a-f]{2}$/i) }),
  z.strictObject({ kind: z.literal('insecure') }),
]);

export const ipmiOptions = z.strictObject({
  firmware,
  privilege: z.enum(['user', 'operator', 'administrator']).default('administrator'),
  suites: z
    .array(z.union([z.literal(3), z.literal(17)]))
    .min(1)
    .default([17, 3]),
  /** What an earlier session learned; written by us. */
  learnedSuite: z
    .union([z.literal(3), z.literal(17)])
    .nullable()
    .default(null),
});
export const redfishOptions = z.strictObject({
  firmware,
  trust: trustSchema.default({ kind: 'system' }),
  scheme: z.enum(['https', 'http']).default('https'),
  systemId: z.string().max(128).nullable().default(null),
});
export const webhookOptions = z.strictObject({
  firmware,
  trust: trustSchema.default({ kind: 'system' }),
  webhook: webhookSchema,
});

export const optionsOf = {
  ipmi: ipmiOptions,
  ipmitool: ipmiOptions,
  redfish: redfishOptions,
  webhook: webhookOptions,
} as const;

const json = z.record(z.string(), z.json());

/** Options stay as they are written; they are checked here, and parsed where the driver is opened. */
export const bmcSettingsSchema: z.ZodType<MachineBmc> = z
  .strictObject({ driver: z.enum(['ipmi', 'ipmitool', 'redfish', 'webhook']), ...shared, options: json.default({}) })
  .superRefine(({ driver, options }, context) => {
    const parsed = optionsOf[driver].safeParse(options);
    for (const { path, message } of parsed.error?.issues ?? []) {
      context.addIssue({ code: 'custom', path: ['options', ...path], message });
    }
  });

/** What is wrong with BMC settings, each with its JSON path; empty when nothing is. */
export function bmcSettingsProblems(value: unknown): readonly { readonly path: string; readonly message: string }[] {
  const parsed = bmcSettingsSchema.safeParse(value);
  return (parsed.error?.issues ?? []).map(({ path, message }) => ({
    path: `$.bmc.${z.core.toDotPath(path)}`,
    message,
  }));
}
