// A real boot ROM (QEMU's BIOS iPXE) against our DHCP server: how it reads our answers is seen on its serial console.
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { until } from '../support/until.ts';
import { type Lab, missingForLab, openLab } from './dhcp/lab.ts';

const missing =
  missingForLab(['ip', 'qemu-system-x86_64', 'dnsmasq']) ?? (existsSync('/dev/net/tun') ? null : 'needs /dev/net/tun');

let lab: Lab;
beforeEach(async () => {
  lab = await openLab();
});
afterEach(async () => {
  await lab.close();
});

/** Powers a machine on; answers its console without the colours. */
async function powerOn(mac: string): Promise<() => string> {
  const serial = path.join(lab.directory, 'serial');
  for (const args of [
    ['link', 'add', 'br0', 'type', 'bridge'],
    ['addr', 'add', '10.77.0.1/24', 'dev', 'br0'],
    ['tuntap', 'add', 'dev', 'tap0', 'mode', 'tap'],
    ['link', 'set', 'tap0', 'master', 'br0'],
    ['link', 'set', 'tap0', 'up'],
    ['link', 'set', 'br0', 'up'],
  ]) {
    expect(await lab.run(lab.server, 'ip', args)).toMatchObject({ code: 0 });
  }
  lab.start(lab.server, 'qemu-system-x86_64', [
    ...[
      '-machine',
      'q35,graphics=off',
      '-accel',
      'tcg',
      '-m',
      '128',
      '-display',
      'none',
      '-vga',
      'none',
      '-monitor',
      'none',
    ],
    ...['-serial', `file:${serial}`, '-netdev', 'tap,id=n0,ifname=tap0,script=no,downscript=no'],
    ...['-device', `virtio-net-pci,netdev=n0,mac=${mac},bootindex=1`],
  ]);
  return () => {
    const text = existsSync(serial) ? readFileSync(serial, 'latin1') : '';
    // eslint would call these control characters a mistake; they are the terminal's.
    return text.replaceAll(new RegExp(`${String.fromCharCode(27)}\\[[0-9;?]*[A-Za-z]`, 'g'), '');
  };
}

describe.runIf(missing === null)(`an iPXE ROM${missing === null ? '' : ` (${missing})`}`, () => {
  it('is configured, does not wait for a proxy, and goes for the script', async () => {
    const mac = '52:54:00:77:00:01';
    const console = await powerOn(mac);
    const reservation = { mac, address: '10.77.0.42', hostname: 'machine-1' };
    const server = await lab.serve({
      listen: [{ address: '10.77.0.1' }],
      subnets: [{ name: 'lab', cidr: '10.77.0.0/24', routers: ['10.77.0.1'], reservations: [reservation] }],
      boot: { script: 'http://10.77.0.1:8080/boot.ipxe' },
      rogue: { watch: false },
    });
    const seen = await until('the ROM reads our answer', console, (text) => /boot\.ipxe/.test(text), 120_000);
    expect(seen).toMatch(/Configuring \(net0 52:54:00:77:00:01\)\.+ ok/);
    expect(seen).toContain('net0: 10.77.0.42/255.255.255.0 gw 10.77.0.1');
    expect(seen).toContain('Filename: http://10.77.0.1:8080/boot.ipxe');
    expect(await server.counters()).toMatchObject({ acks: 1, naks: 0, malformed: {} });
  });

  it('takes the script from us and the address from another server beside us', async () => {
    lab.cable(0, null, '10.77.0.66/24');
    const console = await powerOn('52:54:00:77:00:02');
    expect(await lab.run(lab.server, 'ip', ['link', 'set', 's0', 'master', 'br0'])).toMatchObject({ code: 0 });
    lab.start(lab.client, 'dnsmasq', [
      ...[
        '--keep-in-foreground',
        '--conf-file=/dev/null',
        '--port=0',
        '--interface=c0',
        '--bind-interfaces',
        '--no-ping',
      ],
      ...['--dhcp-range=10.77.0.30,10.77.0.30', `--dhcp-leasefile=${path.join(lab.directory, 'other')}`],
      ...['--user=root', '--pid-file='],
    ]);
    const server = await lab.serve({
      listen: [{ address: '10.77.0.1' }],
      subnets: [{ name: 'lab', cidr: '10.77.0.0/24', mode: 'proxy' }],
      boot: { script: 'http://10.77.0.1:8080/boot.ipxe' },
      rogue: { known: ['10.77.0.66'] },
    });
    const seen = await until('the ROM reads both answers', console, (text) => /boot\.ipxe/.test(text), 120_000);
    expect(seen).toMatch(/Configuring \(net0 52:54:00:77:00:02\)\.+ ok/);
    expect(seen).toContain('net0: 10.77.0.30/255.255.255.0');
    expect(seen).toContain('Filename: http://10.77.0.1:8080/boot.ipxe');
    expect(server.lines.map(({ event }) => event)).toEqual(['ready']);
  });
});
