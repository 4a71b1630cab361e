import { type Checked, jsonPath, type Problem } from '@formwork/core';
import { checkAddresses } from './check-addresses.ts';
import { checkLinks } from './check-links.ts';
import { type NetworkDescription, networkDescriptionSchema } from './network-description.ts';

/** Either the description, or all that is wrong with it, each with its place and what to do. */
export function parseNetwork(input: unknown): Checked<NetworkDescription> {
  const parsed = networkDescriptionSchema.safeParse(input);
  if (!parsed.success) {
    const problems = parsed.error.issues.map(({ path, message }) => ({
      code: 'network-invalid',
      path: jsonPath(path.map((segment) => (typeof segment === 'symbol' ? String(segment) : segment))),
      message,
    }));
    return { ok: false, problems };
  }
  const problems: readonly Problem[] = [...checkLinks(parsed.data), ...checkAddresses(parsed.data)];
  return problems.length === 0 ? { ok: true, value: parsed.data } : { ok: false, problems };
}
