/**
 * Leases that a server of Debian's finds at its start, so that it serves 20,000 clients and not only those of one run:
 * those of perfdhcp's machines, whose MACs and client identifiers count from one number on.
 */
const firstMac = 0x000c01020304;

interface Filled {
  readonly mac: string;
  readonly address: string;
}

function machines(count: number): readonly Filled[] {
  return Array.from({ length: count }, (_, index) => {
    const hex = (firstMac + index).toString(16).padStart(12, '0');
    return {
      mac: (hex.match(/../g) ?? []).join(':'),
      address: `10.88.${1 + (index >> 8)}.${index & 255}`,
    };
  });
}

/** dnsmasq: end, MAC, address, name, client identifier. */
export const dnsmasqLeases = (count: number, endS: number): string =>
  machines(count)
    .map(({ mac, address }) => `${endS} ${mac} ${address} * 01:${mac}\n`)
    .join('');

const dhcpdTime = (seconds: number): string => {
  const date = new Date(seconds * 1000);
  const [day = '', time = ''] = date.toISOString().replaceAll('-', '/').slice(0, 19).split('T');
  return `${date.getUTCDay()} ${day} ${time}`;
};

/** dhcpd.leases(5). */
export const dhcpdLeases = (count: number, endS: number): string =>
  machines(count)
    .map(
      ({ mac, address }) =>
        `lease ${address} {\n  starts ${dhcpdTime(endS - 3600)};\n  ends ${dhcpdTime(endS)};\n  cltt ${dhcpdTime(endS - 3600)};\n` +
        `  binding state active;\n  next binding state free;\n  hardware ethernet ${mac};\n` +
        `  uid "\\001${mac
          .split(':')
          .map((byte) => `\\${Number.parseInt(byte, 16).toString(8).padStart(3, '0')}`)
          .join('')}";\n}\n`,
    )
    .join('');

/** Kea's memfile. */
export const keaLeases = (count: number, endS: number): string =>
  'address,hwaddr,client_id,valid_lifetime,expire,subnet_id,fqdn_fwd,fqdn_rev,hostname,state,user_context\n' +
  machines(count)
    .map(({ mac, address }) => `${address},${mac},01:${mac},3600,${endS},1,0,0,,0,\n`)
    .join('');
