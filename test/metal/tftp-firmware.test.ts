/**
 * Real firmware against our TFTP server: OVMF's own PXE client gets iPXE from it, iPXE then its script. dnsmasq gives
 * the addresses and nothing else. Needs root, QEMU, OVMF, ipxe and dnsmasq.
 */
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, it } from 'vitest';
import { until } from '../support/until.ts';
import { start } from './tftp-network.ts';
import { startTftpProcess } from './tftp-server.ts';

const mac = '52:54:00:77:0f:01';
const server = '10.98.0.1';
const needed = [
  '/usr/bin/qemu-system-x86_64',
  '/usr/share/OVMF/OVMF_CODE_4M.fd',
  '/usr/lib/ipxe/snponly.efi',
  '/usr/sbin/dnsmasq',
];

const script = `#!ipxe
echo formwork-tftp-script-ran
chain tftp://${server}/second.ipxe || echo second failed
`;

it('OVMF gets iPXE, and iPXE its scripts', async (context) => {
  const missing = needed.filter((file) => !existsSync(file));
  if (missing.length > 0) context.skip(`needs ${missing.join(', ')}`);
  const namespace = `fwtftp-f-${randomBytes(3).toString('hex')}`;
  const within = ['ip', 'netns', 'exec', namespace];
  const directory = mkdtempSync(path.join(tmpdir(), 'formwork-tftp-firmware-'));
  const root = path.join(directory, 'root');
  const closers: (() => unknown)[] = [() => rmSync(directory, { recursive: true, force: true })];
  const ip = (...args: string[]) => execFileSync('ip', args, { timeout: 10_000, stdio: 'pipe' });
  const run = (...command: string[]) => {
    const child = start([...within, ...command], { stdio: 'ignore' });
    closers.unshift(() => child.kill('SIGKILL'));
  };
  try {
    mkdirSync(root, { mode: 0o755 });
    copyFileSync('/usr/lib/ipxe/snponly.efi', path.join(root, 'snponly.efi'));
    writeFileSync(path.join(root, 'first.ipxe'), script);
    writeFileSync(path.join(root, 'second.ipxe'), '#!ipxe\necho formwork-second-script-ran\nsleep 1\nexit\n');
    ip('netns', 'add', namespace);
    closers.unshift(() => ip('netns', 'del', namespace));
    ip('-n', namespace, 'link', 'set', 'lo', 'up');
    ip('-n', namespace, 'tuntap', 'add', 'tap0', 'mode', 'tap');
    ip('-n', namespace, 'addr', 'add', `${server}/24`, 'dev', 'tap0');
    ip('-n', namespace, 'link', 'set', 'tap0', 'up');
    const tftp = await startTftpProcess(within, directory, { addresses: [server], root, processes: 1 });
    closers.unshift(() => tftp.stop());
    run(
      ...['dnsmasq', '--keep-in-foreground', '--port=0', '--user=root', '--conf-file=/dev/null', '--pid-file='],
      ...['--interface=tap0', '--bind-interfaces', `--dhcp-leasefile=${path.join(directory, 'leases')}`],
      ...['--dhcp-range=10.98.0.100,10.98.0.200,255.255.255.0,1h', '--dhcp-match=set:ipxe,175'],
      ...['--dhcp-option=encap:175,176,1b', `--dhcp-boot=tag:ipxe,tftp://${server}/first.ipxe`],
      `--dhcp-boot=tag:!ipxe,snponly.efi,,${server}`,
    );
    const serial = path.join(directory, 'serial');
    const vars = path.join(directory, 'vars.fd');
    copyFileSync('/usr/share/OVMF/OVMF_VARS_4M.fd', vars);
    run(
      ...['qemu-system-x86_64', '-machine', 'q35', '-accel', 'tcg,thread=multi', '-cpu', 'max', '-m', '512'],
      ...['-display', 'none', '-vga', 'none', '-serial', `file:${serial}`, '-monitor', 'none'],
      ...['-drive', 'if=pflash,format=raw,unit=0,readonly=on,file=/usr/share/OVMF/OVMF_CODE_4M.fd'],
      ...['-drive', `if=pflash,format=raw,unit=1,file=${vars}`],
      ...['-netdev', 'tap,id=n0,ifname=tap0,script=no,downscript=no'],
      ...['-device', `virtio-net-pci,romfile=,netdev=n0,mac=${mac},bootindex=1`],
    );
    const console = (): string => (existsSync(serial) ? readFileSync(serial, 'utf8') : '');
    await until(
      'the second script',
      () => console().slice(-2000),
      (text) => text.includes('formwork-second-script-ran'),
      300_000,
    );
    expect(console()).toContain('formwork-tftp-script-ran');
    await until('the reports', () => tftp.transfers.filter(({ outcome }) => outcome.kind === 'done').length >= 3);
    const done = tftp.transfers.filter(({ outcome }) => outcome.kind === 'done').map(({ name }) => name);
    expect(done).toEqual([
      'snponly.efi',
      expect.stringMatching(/first\.ipxe$/),
      expect.stringMatching(/second\.ipxe$/),
    ]);
    expect(tftp.transfers.filter(({ outcome }) => outcome.kind === 'failed')).toEqual([]);
    process.stdout.write(`${tftp.transfers.map((line) => JSON.stringify(line)).join('\n')}\n`);
  } finally {
    for (const close of closers) await close();
  }
});
