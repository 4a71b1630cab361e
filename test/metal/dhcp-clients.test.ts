// Real clients against our DHCP server, in network namespaces of their own.
import { readFileSync } from 'node:fs';
import { chmod, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { until } from '../support/until.ts';
import { type Lab, missingForLab, openLab, type ServerLine } from './dhcp/lab.ts';
import { activationScript, dhclientScript, udhcpcScript } from './dhcp/scripts.ts';

const missing = missingForLab(['ip', 'dhclient', 'busybox', 'perfdhcp', 'perl', 'dnsmasq']);
const subnet = {
  name: 'lab',
  cidr: '10.77.0.0/24',
  pools: [{ first: '10.77.0.100', last: '10.77.0.199' }],
  routers: ['10.77.0.1'],
  dnsServers: ['10.77.0.2'],
  ntpServers: ['10.77.0.3'],
  domainName: 'lab.example',
  domainSearch: ['lab.example', 'example'],
  mtu: 1400,
  routes: [{ to: '10.0.0.0/8', via: '10.77.0.254' }],
};
const configuration = { listen: [{ address: '10.77.0.1' }], subnets: [subnet], rogue: { watch: false } };

let lab: Lab;
beforeEach(async () => {
  lab = await openLab();
});
afterEach(async () => {
  await lab.close();
});

const file = (name: string): string => path.join(lab.directory, name);
const lineOf = (name: string): readonly string[] => {
  try {
    return readFileSync(file(name), 'utf8').split('\n');
  } catch {
    return [];
  }
};
async function script(text: (directory: string) => string): Promise<string> {
  await writeFile(file('script'), text(lab.directory));
  await chmod(file('script'), 0o755);
  return file('script');
}
const dhclientArgs = (more: readonly string[]): readonly string[] => [
  ...['-4', '-v', '-cf', '/dev/null', '-lf', file('leases'), '-pf', file('pid'), '-sf', file('script')],
  ...more,
  'c0',
];

describe.runIf(missing === null)(`DHCP clients${missing === null ? '' : ` (${missing})`}`, () => {
  it('dhclient gets a lease and what it asks for, and gives it back', async () => {
    lab.cable(0, '10.77.0.1/24');
    const server = await lab.serve(configuration);
    await script(dhclientScript);
    const bound = await lab.run(lab.client, 'dhclient', dhclientArgs(['-1']));
    expect(bound.text).toContain('DHCPACK of 10.77.0.100 from 10.77.0.1');
    const env = lineOf('env');
    expect(env).toEqual(
      expect.arrayContaining([
        'new_ip_address=10.77.0.100',
        'new_subnet_mask=255.255.255.0',
        'new_routers=10.77.0.1',
        'new_domain_name_servers=10.77.0.2',
        'new_domain_name=lab.example',
        'new_dhcp_lease_time=3600',
      ]),
    );
    await lab.run(lab.client, 'dhclient', dhclientArgs(['-r']));
    const counters = await until(
      'the release',
      () => server.counters(),
      ({ silences }) => JSON.stringify(silences) === '{"released":1}',
    );
    expect(counters).toMatchObject({ offers: 1, acks: 1, naks: 0, malformed: {} });
    expect(await server.kill('SIGTERM')).toBe(0);
  });

  it('dhclient that remembers a lease of another network is told no, and gets one of this', async () => {
    lab.cable(0, '10.77.0.1/24');
    const server = await lab.serve(configuration);
    await script(dhclientScript);
    const times = ['renew', 'rebind', 'expire'].map((what) => `${what} 4 2037/01/01 00:00:00;`).join(' ');
    await writeFile(
      file('leases'),
      `lease { interface "c0"; fixed-address 192.168.5.5; option subnet-mask 255.255.255.0; option dhcp-lease-time 999999; option dhcp-server-identifier 10.77.0.1; ${times} }\n`,
    );
    const bound = await lab.run(lab.client, 'dhclient', dhclientArgs(['-1']));
    expect(bound.text).toMatch(/DHCPREQUEST for 192\.168\.5\.5[^]*DHCPNAK[^]*DHCPACK of 10\.77\.0\.100/);
    expect(await server.counters()).toMatchObject({ naks: 1, acks: 1 });
  });

  it('udhcpc gets the same address before and after a reboot of the server, by its MAC alone', async () => {
    lab.cable(0, '10.77.0.1/24');
    const server = await lab.serve(configuration);
    await script(udhcpcScript);
    const once = [
      'udhcpc',
      '-f',
      '-n',
      '-q',
      '-i',
      'c0',
      '-s',
      file('script'),
      '-O',
      'mtu',
      '-O',
      'search',
      '-O',
      'staticroutes',
      '-O',
      'ntpsrv',
    ];
    expect((await lab.run(lab.client, 'busybox', once)).text).toContain('lease of 10.77.0.100 obtained from 10.77.0.1');
    expect(lineOf('env')).toEqual(
      expect.arrayContaining([
        'mtu=1400',
        'search=lab.example example',
        'ntpsrv=10.77.0.3',
        'staticroutes=10.0.0.0/8 10.77.0.254 0.0.0.0/0 10.77.0.1',
      ]),
    );
    await server.kill('SIGKILL');
    const again = await lab.serve(configuration);
    expect(again.lines).toEqual([
      expect.objectContaining({ event: 'ready', leases: { leases: 1, damagedBytes: 0, tornBytes: 0 } }),
    ]);
    const other = [...once, '-x', '0x3d:ff00112233', '-C'];
    expect((await lab.run(lab.client, 'busybox', other)).text).toContain(
      'lease of 10.77.0.100 obtained from 10.77.0.1',
    );
  });

  it('a relay with a thousand clients behind it: everyone an address of its own', async () => {
    lab.cable(0, '10.88.0.1/16', '10.88.0.2/16');
    const relayed = { name: 'relayed', cidr: '10.88.0.0/16', pools: [{ first: '10.88.1.0', last: '10.88.9.255' }] };
    await lab.serve({ ...configuration, listen: [{ address: '10.88.0.1' }], subnets: [relayed] });
    const args = [
      '-4',
      '-l',
      'c0',
      '-r',
      '500',
      '-R',
      '1000',
      '-n',
      '1000',
      '-W',
      '500000',
      '-u',
      '-x',
      'l',
      '10.88.0.1',
    ];
    const { text } = await lab.run(lab.client, 'perfdhcp', args);
    const acknowledged = acknowledgedIn(text);
    expect(acknowledged.size).toBeGreaterThanOrEqual(990);
    expect(new Set([...acknowledged.values()].flat()).size).toBe(acknowledged.size);
    expect(text.match(/non unique addresses: 0/g)).toHaveLength(2);
  });

  it('an address that somebody took is found by ping, and another is given', async () => {
    lab.cable(0, '10.77.0.1/24', '10.77.0.66/24');
    await lab.run(lab.client, 'ip', ['addr', 'add', '10.77.0.100/24', 'dev', 'c0']);
    const server = await lab.serve({ ...configuration, conflictProbe: { enabled: true } });
    const args = ['-4', '-l', 'c0', '-r', '1', '-R', '1', '-p', '3', '-W', '1000000', '-x', 'l', '10.77.0.1'];
    const { text } = await lab.run(lab.client, 'perfdhcp', args);
    expect(new Set([...acknowledgedIn(text).values()].flat())).toEqual(new Set(['10.77.0.101']));
    expect(server.lines).toContainEqual(
      expect.objectContaining({ event: 'conflict', address: '10.77.0.100', found: 'probed' }),
    );
  });

  it('runs without root, its journal its own', async () => {
    lab.cable(0, '10.77.0.1/24');
    const server = await lab.serve({ ...configuration, user: { uid: 65_534, gid: 65_534 } });
    await script(udhcpcScript);
    const { text } = await lab.run(lab.client, 'busybox', [
      'udhcpc',
      '-f',
      '-n',
      '-q',
      '-i',
      'c0',
      '-s',
      file('script'),
    ]);
    expect(text).toContain('lease of 10.77.0.100 obtained');
    const status = readFileSync(`/proc/${String(server.lines[0]?.['pid'])}/status`, 'utf8');
    expect(status).toMatch(/^Uid:\t65534\t65534\t65534\t65534$/m);
    expect(status).toMatch(/^CapEff:\t0+$/m);
    expect(await server.kill('SIGTERM')).toBe(0);
  });
});

describe.runIf(missing === null)('several networks', () => {
  const two = [subnet, { name: 'other', cidr: '10.78.0.0/24', pools: [{ first: '10.78.0.50', last: '10.78.0.60' }] }];
  beforeEach(() => {
    lab.cable(0, '10.77.0.1/24');
    lab.cable(1, '10.78.0.1/24');
  });

  it('a socket that hears both is refused, with what to do', async () => {
    const server = await lab.serve({ ...configuration, subnets: two });
    expect(server.lines[0]).toMatchObject({ event: 'failed', problems: [{ code: 'dhcp-ambiguous-interfaces' }] });
    expect(String(server.lines[0]?.['message'])).toContain('BindToDevice=');
  });

  it('sockets bound to their devices, as systemd hands them in, serve each its own', async () => {
    const listen = [
      { address: '10.77.0.1', fdName: 's0' },
      { address: '10.78.0.1', fdName: 's1' },
    ];
    await writeFile(file('activate.pl'), activationScript);
    const launcher = ['perl', file('activate.pl'), 's0', 's1', '--'];
    const server = await lab.serve({ ...configuration, listen, subnets: two }, launcher);
    expect(server.lines[0]?.event).toBe('ready');
    await script(udhcpcScript);
    for (const [device, address] of [
      ['c1', '10.78.0.50'],
      ['c0', '10.77.0.100'],
    ] as const) {
      const { text } = await lab.run(lab.client, 'busybox', [
        'udhcpc',
        '-f',
        '-n',
        '-q',
        '-i',
        device,
        '-s',
        file('script'),
      ]);
      expect(text).toContain(`lease of ${address} obtained from ${address.replace(/\d+$/, '1')}`);
    }
  });
});

describe.runIf(missing === null)('another DHCP server', () => {
  it('is found by our question, however quiet its network is', async () => {
    lab.cable(0, '10.77.0.1/24', '10.77.0.66/24');
    lab.start(lab.client, 'dnsmasq', [
      ...['--keep-in-foreground', '--conf-file=/dev/null', '--port=0', '--interface=c0', '--bind-interfaces'],
      ...[
        '--dhcp-range=10.77.0.30,10.77.0.40',
        `--dhcp-leasefile=${file('rogue')}`,
        '--no-ping',
        '--user=root',
        '--pid-file=',
      ],
    ]);
    const server = await lab.serve({ ...configuration, rogue: { probeEveryS: 1 } });
    const found = await until<ServerLine | undefined>('the other server', () =>
      server.lines.find(({ event }) => event === 'other-server'),
    );
    expect(found).toMatchObject({ server: { address: '10.77.0.66', message: 'offer' } });
    expect(await server.counters()).toMatchObject({ offers: 0 });
  });
});

/** Addresses that each client was acknowledged, by perfdhcp's list. */
function acknowledgedIn(text: string): ReadonlyMap<string, readonly string[]> {
  const list = text.slice(text.indexOf('***Leases for REQUEST-ACK***'));
  const found = new Map<string, string[]>();
  for (const [, client = '', address = ''] of list.matchAll(/^([0-9a-f]+),([\d.]+),$/gm)) {
    found.set(client, [...(found.get(client) ?? []), address]);
  }
  return found;
}

describe.runIf(missing === null)('kill -9 in the middle of a storm', () => {
  it('gives no address twice and honours what it acknowledged', async () => {
    lab.cable(0, '10.88.0.1/16', '10.88.0.2/16');
    const pools = [{ first: '10.88.1.0', last: '10.88.20.255' }];
    const stormy = {
      ...configuration,
      listen: [{ address: '10.88.0.1' }],
      subnets: [{ name: 'storm', cidr: '10.88.0.0/16', pools }],
      limits: { packetsPerSecond: 0 },
    };
    let server = await lab.serve(stormy);
    const args = ['-4', '-l', 'c0', '-r', '1000', '-R', '1000', '-p', '12', '-W', '500000', '-x', 'l', '10.88.0.1'];
    const storm = lab.run(lab.client, 'perfdhcp', args, 60_000);
    let killed = 0;
    for (const wanted of [700, 1500, 900]) {
      await until(
        'the storm goes on',
        () => server.counters(),
        ({ acks }) => typeof acks === 'number' && acks > wanted,
        10_000,
      );
      await server.kill('SIGKILL');
      killed += 1;
      server = await lab.serve(stormy);
      expect(server.lines[0]).toMatchObject({ event: 'ready', leases: { damagedBytes: 0 } });
    }
    const { text } = await storm;
    const acknowledged = acknowledgedIn(text);
    expect(killed).toBe(3);
    expect(acknowledged.size).toBeGreaterThan(900);
    // Every client has one address over all lives of the server, and nobody else has it.
    const moved = [...acknowledged].filter(([, addresses]) => new Set(addresses).size !== 1);
    expect(moved).toEqual([]);
    expect(new Set([...acknowledged.values()].flat()).size).toBe(acknowledged.size);
  });
});
