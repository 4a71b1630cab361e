/** What we render, read by what it is for: netplan, systemd-networkd, NetworkManager's nmcli and ifupdown of Debian. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { NetworkDescription, NetworkInput } from './network-description.ts';
import { parseNetwork } from './parse-network.ts';
import { renderIfupdown } from './render-ifupdown.ts';
import { netplanDocument, renderNetplan } from './render-netplan.ts';
import { renderNetworkManager } from './render-keyfiles.ts';
import { renderNetworkd } from './render-networkd.ts';
import { backupBondNetwork, rackNetwork } from './testing/networks.ts';
import { lacking, place, unpacked, unpackedCloudInit } from '../testing/programs.ts';

const networks = [
  ['rack', rackNetwork],
  ['backup', backupBondNetwork],
] as const;
const parsed = (input: NetworkInput): NetworkDescription => {
  const checked = parseNetwork(input);
  if (!checked.ok) throw new Error(JSON.stringify(checked.problems));
  return checked.value;
};

let directory = '';
beforeAll(() => {
  directory = mkdtempSync(path.join(tmpdir(), 'formwork-readers-'));
});
afterAll(() => {
  rmSync(directory, { recursive: true, force: true });
});

describe.skipIf(lacking(['netplan']).length > 0)('netplan (package netplan.io)', () => {
  it.each(networks)('generates the %s network', (name, input) => {
    const root = path.join(directory, `netplan-${name}`);
    place(root, renderNetplan(parsed(input)));
    const said = execFileSync('netplan', ['generate', '--root-dir', root], { encoding: 'utf8', stdio: 'pipe' });
    expect(said).toBe('');
    const made = readdirSync(path.join(root, 'run/systemd/network'));
    for (const one of input.interfaces) expect(made).toContain(`10-netplan-${one.name}.network`);
  });

  it('gives networkd the routes, members and names that were meant', () => {
    const root = path.join(directory, 'netplan-read');
    place(root, renderNetplan(parsed(rackNetwork)));
    execFileSync('netplan', ['generate', '--root-dir', root], { stdio: 'pipe' });
    const read = (file: string): string => readFileSync(path.join(root, 'run/systemd/network', file), 'utf8');
    expect(read('10-netplan-lan0.network')).toContain('Bond=bond0');
    expect(read('10-netplan-storage.network')).toMatch(/Gateway=fd77:100::1\nMetric=50|Metric=50\nGateway=fd77:100::1/);
    expect(read('10-netplan-bond0.netdev')).toContain('LACPTransmitRate=fast');
    expect(read('10-netplan-lan0.link')).toContain('Name=lan0');
  });
});

/** Cables of a namespace stand for the hardware: named already, as udev does it. */
const cables = (input: NetworkInput): string =>
  input.interfaces
    .flatMap((one) =>
      one.kind === 'ethernet'
        ? [
            `ip link add ${one.name} mtu 9000 address ${one.mac} type veth peer name x${one.name} && ip link set x${one.name} up`,
          ]
        : [],
    )
    .join('\n');

const inNamespace = (script: string): string =>
  execFileSync('unshare', ['--net', '--mount', '--pid', '--fork', '--kill-child', 'sh', '-c', `set -e\n${script}`], {
    encoding: 'utf8',
    stdio: 'pipe',
    timeout: 60_000,
  });
const isRoot = process.getuid?.() === 0;
const has = (more: object): unknown => expect.objectContaining(more);
const list = (...items: readonly unknown[]): unknown => expect.arrayContaining([...items]);
const jsonLines = (text: string): readonly unknown[] =>
  text
    .split('\n')
    .filter((line) => line !== '')
    .map((line): unknown => JSON.parse(line));

const plainNetwork: NetworkInput = {
  interfaces: [
    {
      kind: 'ethernet',
      name: 'lan0',
      mac: '52:54:00:77:00:01',
      mtu: 1400,
      addresses: ['10.7.0.9/24', '10.7.0.10/24', 'fd77:7::9/64'],
      routes: [
        { to: 'default', via: '10.7.0.1' },
        { to: '10.98.0.0/16', via: '172.16.0.1', onLink: true, metric: 7 },
        { to: 'default', via: 'fd77:7::1', metric: 50 },
      ],
    },
    { kind: 'ethernet', name: 'lan1', mac: '52:54:00:77:00:02' },
    { kind: 'bridge', name: 'br0', members: ['lan1'], addresses: ['192.168.4.1/22'] },
  ],
};

const networkd = '/lib/systemd/systemd-networkd';
describe.skipIf(lacking([networkd, 'unshare', 'ip']).length > 0 || !isRoot)(
  'systemd-networkd in a namespace of its own (needs root)',
  () => {
    /** Runs it until `wanted` is there; what `ip` sees then, and what networkd said. */
    const configured = (name: string, input: NetworkInput, wanted: string) => {
      const root = path.join(directory, `networkd-${name}`);
      place(root, renderNetworkd(parsed(input)));
      const output = inNamespace(`mount -t tmpfs none /run
mount -t sysfs -o ro none /sys
mkdir -p /run/systemd/network /run/systemd/netif/links /run/systemd/netif/leases /run/systemd/netif/lldp
chown -R systemd-network: /run/systemd/netif
cp ${root}/etc/systemd/network/* /run/systemd/network/
ip link set lo up
${cables(input)}
SYSTEMD_LOG_LEVEL=debug ${networkd} >${root}/log 2>&1 &
daemon=$!
tries=0
until ${wanted}; do
  tries=$((tries + 1))
  [ $tries -lt 300 ] || break
  sleep 0.1
done
ip -j -d addr; echo; ip -j route; echo; ip -6 -j route
kill $daemon; wait $daemon || true`);
      return { seen: jsonLines(output), log: readFileSync(path.join(root, 'log'), 'utf8') };
    };
    /** What it says of a line of a file that it does not take. */
    const complaints = /^.*10-formwork-[^:]*:\d+: .*$/gm;

    it('configures addresses, routes and a bridge', () => {
      const wanted =
        'ip -6 route | grep -q "^default via fd77:7::1" && ip link show master br0 | grep -q lan1 && ip addr show br0 | grep -q 192.168.4.1';
      const { seen, log } = configured('plain', plainNetwork, wanted);
      const [links, routes, routes6] = seen;
      expect(log.match(complaints)).toBeNull();
      expect(links).toEqual(
        list(
          has({
            ifname: 'lan0',
            mtu: 1400,
            addr_info: list(has({ local: '10.7.0.9' }), has({ local: '10.7.0.10' }), has({ local: 'fd77:7::9' })),
          }),
          has({ ifname: 'lan1', master: 'br0' }),
          has({ ifname: 'br0', addr_info: list(has({ local: '192.168.4.1', prefixlen: 22 })) }),
        ),
      );
      expect(routes).toEqual(
        list(
          has({ dst: 'default', gateway: '10.7.0.1', dev: 'lan0' }),
          has({ dst: '10.98.0.0/16', gateway: '172.16.0.1', metric: 7, flags: list('onlink') }),
        ),
      );
      expect(routes6).toEqual(list(has({ dst: 'default', gateway: 'fd77:7::1', metric: 50 })));
    });

    it('would have complained', () => {
      const root = path.join(directory, 'networkd-wrong');
      place(root, [
        {
          path: '/etc/systemd/network/10-formwork-wrong.network',
          text: '[Match]\nName=x\n[Network]\nA=b\n',
          mode: 0o644,
        },
      ]);
      const { log } = configured('wrong', plainNetwork, `grep -q 'Link state is up-to-date' ${root}/log`);
      expect(log.match(complaints)).toHaveLength(1);
    });

    // Bonds and VLANs themselves are built in test/metal/images: not every kernel that runs tests has them.
    it.each(networks)('takes every line of the %s network', (name, input) => {
      const { log } = configured(name, input, `grep -q 'Link state is up-to-date' ${directory}/networkd-${name}/log`);
      expect(log).toContain('10-formwork-lan0.network');
      expect(log.match(complaints)).toBeNull();
    });
  },
);

describe.skipIf(lacking(['ifup']).length > 0)('ifupdown', () => {
  it.each(networks)('reads the %s network, and would bring up all of it', (name, input) => {
    const root = path.join(directory, `ifupdown-${name}`);
    place(root, renderIfupdown(parsed(input)));
    const file = path.join(root, 'etc/network/interfaces.d/formwork');
    const options = ['--no-act', '--verbose', '-a', '-i', file, `--state-dir=${root}`];
    const said = execFileSync('sh', ['-c', 'exec ifup "$@" 2>&1', 'ifup', ...options], { encoding: 'utf8' });
    for (const one of input.interfaces) expect(said).toContain(`configuring interface ${one.name}=`);
    expect(said).not.toMatch(/unknown|couldn't|misplaced|ifup: error/i);
  });

  it.skipIf(lacking(['unshare', 'ip']).length > 0 || !isRoot)('brings up addresses and routes', () => {
    const root = path.join(directory, 'ifupdown-real');
    const input = { interfaces: plainNetwork.interfaces.slice(0, 1) };
    place(root, renderIfupdown(parsed(input)));
    const output = inNamespace(`mount -t tmpfs none /run
mkdir -p /run/network
${cables(input)}
ip link set lo up
ifup -a -i ${root}/etc/network/interfaces.d/formwork >&2
ip -j addr show lan0; echo; ip -j route; echo; ip -6 -j route`);
    const [links, routes, routes6] = jsonLines(output);
    const addresses = list(has({ local: '10.7.0.9' }), has({ local: '10.7.0.10' }), has({ local: 'fd77:7::9' }));
    expect(links).toEqual([has({ mtu: 1400, addr_info: addresses })]);
    expect(routes).toEqual(list(has({ dst: 'default', gateway: '10.7.0.1' }), has({ dst: '10.98.0.0/16', metric: 7 })));
    expect(routes6).toEqual(list(has({ dst: 'default', gateway: 'fd77:7::1', metric: 50 })));
  });
});

describe("NetworkManager's keyfiles (packages network-manager and libnm0, unpacked)", () => {
  it.each(networks)('are read whole by nmcli: the %s network', (name, input) => {
    const packages = path.join(directory, `nm-${name}`);
    const root = unpacked(packages, ['network-manager', 'libnm0']);
    if (root === null) throw new Error('apt-get cannot fetch network-manager and libnm0; apt-get update may help');
    const files = renderNetworkManager(parsed(input)).filter(({ path: file }) => file.endsWith('.nmconnection'));
    expect(files).toHaveLength(input.interfaces.length);
    for (const { text } of files) {
      // It writes what it has understood: an unknown key or value would be missing.
      const read = execFileSync(
        path.join(root, 'usr/bin/nmcli'),
        ['--offline', 'connection', 'modify', 'connection.autoconnect', 'yes'],
        {
          input: text,
          encoding: 'utf8',
          env: { LD_LIBRARY_PATH: path.join(root, 'usr/lib/x86_64-linux-gnu'), LC_ALL: 'C' },
        },
      );
      const settingsOf = (keyfile: string) => keyfile.split('\n').filter((line) => line.includes('='));
      // It leaves out what is so anyway.
      const wanted = settingsOf(text).filter((line) => line !== 'stp=true');
      expect(settingsOf(read)).toEqual(expect.arrayContaining(wanted));
    }
  });
});

describe("cloud-init's own reader of its network-config (package cloud-init, unpacked)", () => {
  it.skipIf(lacking(['/usr/bin/python3']).length > 0).each(networks)('takes the %s network', (name, input) => {
    const cloudInit = unpackedCloudInit(path.join(directory, `cloud-init-${name}`));
    if (cloudInit === null) throw new Error('apt-get cannot fetch cloud-init; apt-get update may help');
    const source = path.join(directory, `network-config-${name}`);
    writeFileSync(source, JSON.stringify(netplanDocument(parsed(input))));
    const output = path.join(directory, `converted-${name}`);
    const options = ['-p', source, '-k', 'yaml', '-d', output, '-D', 'debian', '-O', 'netplan'];
    cloudInit(['devel', 'net-convert', ...options]);
    const made = readFileSync(path.join(output, 'etc/netplan/50-cloud-init.yaml'), 'utf8');
    for (const one of input.interfaces) expect(made).toContain(`${one.name}:`);
    expect(made).toContain('52:54:00:77:00:01');
  });
});

it('the files hold no name that a shell or a path could take for something else', () => {
  const files = [renderNetplan, renderNetworkd, renderNetworkManager, renderIfupdown].flatMap((render) =>
    networks.flatMap(([, input]) => render(parsed(input))),
  );
  for (const { path: file, text } of files) {
    expect(file).toMatch(/^\/etc\/[A-Za-z0-9/._-]+$/);
    expect(text.endsWith('\n')).toBe(true);
  }
});
