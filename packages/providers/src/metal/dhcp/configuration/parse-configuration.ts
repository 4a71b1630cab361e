import { type Checked, jsonPath, type Problem } from '@formwork/core';
import { checkListeners } from './check-listeners.ts';
import { checkSubnets } from './check-subnets.ts';
import { type DhcpConfiguration, dhcpConfigurationSchema } from './schema.ts';

/** Either the configuration, or all that is wrong with it, each with its place and what to do. */
export function parseDhcpConfiguration(input: unknown): Checked<DhcpConfiguration> {
  const parsed = dhcpConfigurationSchema.safeParse(input);
  if (!parsed.success) {
    const problems = parsed.error.issues.map((issue) => ({
      code: 'dhcp-invalid',
      path: jsonPath(issue.path.map((segment) => (typeof segment === 'symbol' ? String(segment) : segment))),
      message: issue.message,
    }));
    return { ok: false, problems };
  }
  const problems: readonly Problem[] = [
    ...checkSubnets(parsed.data.subnets),
    ...checkListeners(parsed.data),
    ...checkNodes(parsed.data),
  ];
  return problems.length === 0 ? { ok: true, value: parsed.data } : { ok: false, problems };
}

function checkNodes({ nodes }: DhcpConfiguration): readonly Problem[] {
  const owners = new Map<string, number>();
  return nodes.flatMap(({ macs }, index) =>
    macs.flatMap((mac, place) => {
      const owner = owners.get(mac);
      owners.set(mac, index);
      if (owner === undefined) return [];
      return {
        code: 'dhcp-mac-twice',
        path: jsonPath(['nodes', index, 'macs', place]),
        message: `the MAC ${mac} belongs to nodes[${owner}] already`,
        remedy: 'give each MAC to one node',
      };
    }),
  );
}
