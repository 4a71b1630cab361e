/** The four documents of cloud-init's NoCloud source. JSON is YAML, so nothing in a value can become syntax. */
import type { MachineData, MachineInterface } from './machine-data.ts';

export type NoCloudDocument = 'meta-data' | 'user-data' | 'vendor-data' | 'network-config';

export function renderNoCloud(document: NoCloudDocument, machine: MachineData): string {
  switch (document) {
    case 'meta-data':
      return json({
        'instance-id': machine.instanceId,
        'local-hostname': machine.hostname,
        'public-keys': machine.sshKeys,
      });
    case 'user-data':
      return machine.userData ?? '#cloud-config\n{}\n';
    case 'vendor-data':
      return machine.vendorData ?? '#cloud-config\n{}\n';
    case 'network-config':
      return json({
        version: 2,
        ethernets: Object.fromEntries(machine.interfaces.map((each, index) => [`nic${index}`, ethernet(each)])),
      });
  }
}

const ethernet = ({ mac, addresses, gateway, nameservers, mtu }: MachineInterface) => ({
  match: { macaddress: mac.toLowerCase() },
  ...(addresses.length === 0 ? { dhcp4: true } : { addresses }),
  ...(gateway === null ? {} : { routes: [{ to: gateway.includes(':') ? '::/0' : '0.0.0.0/0', via: gateway }] }),
  ...(nameservers.length === 0 ? {} : { nameservers: { addresses: nameservers } }),
  ...(mtu === null ? {} : { mtu }),
});

const json = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;
