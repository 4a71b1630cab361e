import { compileNetwork } from '../configuration/compile-network.ts';
import type { Network } from '../configuration/network.ts';
import { parseDhcpConfiguration } from '../configuration/parse-configuration.ts';

/** A subnet's configuration as people write it, with what a test wants changed. */
export const labSubnet = {
  name: 'lab',
  cidr: '10.77.0.0/24',
  pools: [{ first: '10.77.0.100', last: '10.77.0.103' }],
  routers: ['10.77.0.1'],
  dnsServers: ['10.77.0.2'],
  reservations: [
    { mac: '52:54:00:77:00:01', address: '10.77.0.10', hostname: 'reserved' },
    { port: { circuitId: 'eth1/7' }, address: '10.77.0.11' },
  ],
} as const;

export const labBoot = { script: 'http://10.77.0.1:8080/boot.ipxe', httpBase: 'http://10.77.0.1:8080/' } as const;

/** The network of a configuration; throws with all that is wrong with it. */
export function networkOf(configuration: Readonly<Record<string, unknown>>): Network {
  const checked = parseDhcpConfiguration({
    listen: [{ address: '10.77.0.1' }],
    subnets: [labSubnet],
    boot: labBoot,
    ...configuration,
  });
  if (!checked.ok) throw new Error(JSON.stringify(checked.problems, null, 2));
  return compileNetwork(checked.value);
}
