/**
 * The scripts that we render, run by a real iPXE: the ROM of QEMU's network card, BIOS. QEMU's own network gives it an
 * address and the first script; no root is needed. Needs QEMU with its ROMs.
 */
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, it } from 'vitest';
import { parseBootRequest } from './boot-request.ts';
import { type BootDecision, renderBootScript, renderFirstScript } from './boot-script.ts';
import { until } from '../../../../../test/support/until.ts';

const serial = 'SN 1&mac=00-00-00-00-00-01&platform=efi;|${uuid}';
const uuid = '4c4c4544-0000-4000-8000-00000000000f';
const mac = '52:54:00:77:0e:01';
const token = randomBytes(32).toString('base64url');
const image = { kernel: 'files/kernel', initrd: 'files/initrd', arguments: ['console=ttyS0'] };

/** One after the other, as the server decides on each boot; the last holds. */
const decisions: readonly BootDecision[] = [
  { kind: 'wait', reason: 'held: ${uuid} waits\nexit', seconds: 1 },
  { kind: 'install', image, token },
  { kind: 'local' },
];

/** A boot sector that writes DISK to the serial port and halts. */
function bootSector(): Buffer {
  const write = [...Buffer.from('DISK-BOOTED')].flatMap((octet) => [0xb0, octet, 0xee]);
  const sector = Buffer.alloc(512);
  Buffer.from([0xba, 0xf8, 0x03, ...write, 0xf4, 0xeb, 0xfd]).copy(sector);
  sector.writeUInt16LE(0xaa55, 510);
  return sector;
}

it('iPXE asks, waits, tries again what fails, and boots the disk of an installed machine', async (context) => {
  const needed = ['/usr/bin/qemu-system-x86_64', '/usr/lib/ipxe/qemu/pxe-virtio.rom'];
  const missing = needed.filter((file) => !existsSync(file));
  if (missing.length > 0) context.skip(`needs ${missing.join(', ')}`);
  const directory = mkdtempSync(path.join(tmpdir(), 'formwork-boot-scripts-'));
  const asked: string[] = [];
  let boots = 0;
  const server = createServer((request, response) => {
    const [route, query = ''] = (request.url ?? '').split('?');
    asked.push(route ?? '');
    if (route === '/boot.ipxe') response.end(renderFirstScript({ baseUrl }));
    else if (route === '/ipxe') {
      const parsed = parseBootRequest(query);
      asked.push(JSON.stringify(parsed));
      const decision = decisions[Math.min(boots, decisions.length - 1)];
      boots += 1;
      if (decision !== undefined) response.end(renderBootScript(decision, { baseUrl }));
    } else response.writeHead(404).end();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const baseUrl = `http://10.0.2.2:${typeof address === 'object' && address !== null ? address.port : 0}`;
  const disk = path.join(directory, 'disk');
  writeFileSync(disk, Buffer.concat([bootSector(), Buffer.alloc(2 ** 20)]));
  const output = path.join(directory, 'serial');
  const machine = spawn(
    'qemu-system-x86_64',
    [
      ...['-machine', 'q35,graphics=off', '-accel', 'tcg', '-cpu', 'max', '-m', '256'],
      ...['-display', 'none', '-vga', 'none', '-nodefaults', '-serial', `file:${output}`],
      ...['-smbios', `type=1,serial=${serial},uuid=${uuid},product=Lab`],
      ...['-netdev', `user,id=n0,ipv6=off,bootfile=${baseUrl}/boot.ipxe`],
      ...['-device', `virtio-net-pci,netdev=n0,mac=${mac},bootindex=1`],
      ...['-drive', `if=none,id=d0,file=${disk},format=raw`, '-device', 'virtio-blk-pci,drive=d0,bootindex=2'],
    ],
    { stdio: 'ignore' },
  );
  try {
    const console = (): string => (existsSync(output) ? readFileSync(output, 'utf8') : '');
    await until(
      'the disk',
      () => console().slice(-1500),
      (text) => text.includes('DISK-BOOTED'),
      240_000,
    );
    expect(boots).toBe(3);
    // iPXE leaves the `&` of a serial as it is; what follows it cannot take the place of what was said before.
    const request = { mac, uuid, product: 'Lab', firmware: 'bios', architecture: 'i386', serial: 'SN 1' };
    expect(JSON.parse(asked[2] ?? '')).toMatchObject({ ok: true, request });
    // The second decision's kernel is not there: asked for once, then everything from the start again.
    expect(asked.filter((route) => route.startsWith('/'))).toEqual([
      '/boot.ipxe',
      '/ipxe',
      '/boot.ipxe',
      '/ipxe',
      '/files/kernel',
      '/boot.ipxe',
      '/ipxe',
    ]);
    expect(console()).toContain('held: __uuid_ waits_exit');
  } finally {
    machine.kill('SIGKILL');
    server.close();
    server.closeAllConnections();
    rmSync(directory, { recursive: true, force: true });
  }
});
