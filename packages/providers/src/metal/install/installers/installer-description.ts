/**
 * What an installer of a distribution is told, said once for all of them. The rendered file has a private key in it (the
 * report's): it is for the claimed session of its machine, never at a public address.
 */
import { type Checked, jsonPath, type Problem } from '@formwork/core';
import { z } from 'zod';
import type { NetworkDescription } from '../network/network-description.ts';
import { parseNetwork } from '../network/parse-network.ts';
import { firstBootSchema } from '../seed/first-boot-description.ts';

const absolutePath = z.string().regex(/^\/dev\/[A-Za-z0-9/_.:+-]+$/, 'write the path of a device, as in /dev/sda');
const httpUrl = z
  .string()
  .refine((text) => /^https?:\/\/[!-~]+$/.test(text) && URL.canParse(text), 'write an http or https URL');

export const installerSchema = z.strictObject({
  firstBoot: firstBootSchema,
  /** As parse-network.ts takes it; null: DHCP. */
  network: z.unknown().default(null),
  /** The one disk to install to; the others are left alone. Chosen by hints before (../disk-hints). */
  disk: absolutePath,
  /** Where packages come from; the installer's own default without it. */
  mirror: httpUrl.nullable().default(null),
  /** A distribution's release: `bookworm`, `9`. */
  release: z
    .string()
    .regex(/^[a-z0-9.-]{1,32}$/, 'write the name or number of a release')
    .nullable()
    .default(null),
  packages: z.array(z.string().regex(/^[a-z0-9@][A-Za-z0-9+._-]*$/, 'write the name of a package')).default([]),
  locale: z
    .string()
    .regex(/^[a-z]{2,3}_[A-Z]{2}(\.UTF-8)?$/, 'write a locale, as in en_US.UTF-8')
    .default('en_US.UTF-8'),
  keyboard: z
    .string()
    .regex(/^[a-z]{2,8}$/, 'write a keyboard layout, as in us')
    .default('us'),
  timezone: z
    .string()
    .regex(/^[A-Za-z0-9_+-]+(\/[A-Za-z0-9_+-]+)*$/, 'write a time zone, as in Etc/UTC')
    .default('Etc/UTC'),
});

export type InstallerInput = z.input<typeof installerSchema>;
export interface InstallerDescription extends Omit<z.output<typeof installerSchema>, 'network'> {
  readonly network: NetworkDescription | null;
}

/** Either the description, or all that is wrong with it. */
export function parseInstaller(input: unknown): Checked<InstallerDescription> {
  const parsed = installerSchema.safeParse(input);
  const problems: Problem[] = [];
  if (!parsed.success) {
    for (const { path, message } of parsed.error.issues) {
      const place = jsonPath(path.map((segment) => (typeof segment === 'symbol' ? String(segment) : segment)));
      problems.push({ code: 'installer-invalid', path: place, message });
    }
    return { ok: false, problems };
  }
  const { network, ...rest } = parsed.data;
  const { userData } = rest.firstBoot;
  if (userData !== null && !userData.startsWith('#!')) {
    problems.push({
      code: 'user-data-kind',
      path: '$.firstBoot.userData',
      message: 'an installed system runs a script at its first boot, and this user data does not start with #!',
      remedy: 'write a script, or install an image with cloud-init',
    });
  }
  const checked = network === null ? null : parseNetwork(network);
  if (checked !== null && !checked.ok) {
    problems.push(...checked.problems.map((one) => ({ ...one, path: one.path.replace(/^\$/, '$.network') })));
  }
  if (problems.length > 0 || (checked !== null && !checked.ok)) return { ok: false, problems };
  return { ok: true, value: { ...rest, network: checked === null ? null : checked.value } };
}
