import { execFile, execFileSync } from 'node:child_process';
import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type ImageManifest,
  imageManifestSchema,
  parseNetwork,
  seedFiles,
  seedImage,
} from '../../../packages/providers/src/index.ts';
import { freePort } from '../../support/free-port.ts';
import { until } from '../../support/until.ts';
import { type RunningMachine, startFromDisk } from './qemu-disk.ts';
import { type ReportServer, startReportServer } from './report-server.ts';

const run = promisify(execFile);
const cli = path.resolve(import.meta.dirname, '../../../apps/cli/dist/main.js');
/** Images stay here: the same input is not built twice. */
const cache = process.env['FORMWORK_TEST_IMAGES'] ?? '/var/tmp/formwork-test-images';
const needed = [
  '/usr/bin/qemu-system-x86_64',
  '/usr/bin/mmdebstrap',
  '/usr/bin/mcopy',
  '/usr/bin/syslinux',
  '/usr/sbin/mkfs.vfat',
  '/usr/sbin/sfdisk',
  '/usr/lib/systemd/boot/efi/systemd-bootx64.efi',
  '/usr/share/OVMF/OVMF_CODE_4M.fd',
];
const missing = needed.filter((file) => !existsSync(file));
const options = ['--kernel', 'cloud', '--keep-raw', '--output', cache];
const patienceMs = 300_000;
const diskBytes = 3 * 1024 ** 3;

const network = ([first, second, third]: readonly string[]): unknown => ({
  interfaces: [
    {
      kind: 'ethernet',
      name: 'lan0',
      mac: first,
      mtu: 1400,
      addresses: ['10.0.2.50/24'],
      routes: [{ to: 'default', via: '10.0.2.2' }],
      nameservers: ['10.0.2.3'],
      searchDomains: ['rack1.example.org'],
    },
    { kind: 'ethernet', name: 'port1', mac: second },
    { kind: 'ethernet', name: 'port2', mac: third },
    { kind: 'bond', name: 'bond0', mode: 'active-backup', primary: 'port2', members: ['port1', 'port2'] },
    { kind: 'vlan', name: 'storage', link: 'bond0', id: 7, addresses: ['10.7.0.9/24', 'fd77:7::9/64'] },
    { kind: 'vlan', name: 'v8', link: 'bond0', id: 8 },
    { kind: 'bridge', name: 'guests', members: ['v8'], addresses: ['10.8.0.1/24'] },
  ],
});

describe.skipIf(missing.length > 0)(`an image of debian-12 (needs ${needed.join(', ')})`, () => {
  let directory = '';
  let image = '';
  let manifest: ImageManifest;
  let server: ReportServer;
  const keys = new Map<string, KeyObject>();
  const machines: RunningMachine[] = [];

  beforeAll(async () => {
    directory = mkdtempSync(path.join(tmpdir(), 'formwork-image-'));
    await run(process.execPath, [cli, 'image', 'build', 'debian-12', ...options]);
    manifest = imageManifestSchema.parse(JSON.parse(readFileSync(path.join(cache, 'debian-12.json'), 'utf8')));
    image = path.join(cache, 'debian-12.raw');
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', path.join(directory, 'id')]);
    server = await startReportServer(keys);
  });
  afterAll(async () => {
    for (const machine of machines) await machine.stop();
    await server.close();
    rmSync(directory, { recursive: true, force: true });
  });

  /** The image on a larger disk, with the seed where its manifest says. */
  const install = async (name: string, macs: readonly string[]): Promise<string> => {
    mkdirSync(path.join(directory, name));
    const { privateKey, publicKey } = generateKeyPairSync('ed25519');
    keys.set(name, publicKey);
    const parsed = parseNetwork(network(macs));
    if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
    const description = {
      instanceId: name,
      hostname: `${name}.rack1.example.org`,
      user: 'formwork',
      sshKeys: [readFileSync(path.join(directory, 'id.pub'), 'utf8').trim()],
      userData: '#!/bin/sh\nid -u >/var/lib/user-data-ran-by\n',
      report: {
        url: `http://10.0.2.2:${server.port}`,
        session: name,
        privateKey: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
      },
    };
    const files = seedFiles(description, parsed.value, manifest.firstBoot);
    if (!files.ok) throw new Error(JSON.stringify(files.problems));
    const disk = path.join(directory, name, 'disk');
    await run('cp', ['--sparse=always', image, disk]);
    await run('truncate', ['-s', String(diskBytes), disk]);
    const file = await open(disk, 'r+');
    await file.write(seedImage(files.value, manifest.seed.sizeBytes), 0, null, manifest.seed.offsetBytes);
    await file.close();
    return disk;
  };

  it('holds no host key, no account with a key, no identity', () => {
    const root = `${image}?offset=${manifest.seed.offsetBytes + manifest.seed.sizeBytes}`;
    const ask = (request: string): string => execFileSync('debugfs', ['-R', request, root], { encoding: 'utf8' });
    expect(ask('ls -p /etc/ssh')).toContain('/sshd_config/');
    expect(ask('ls -p /etc/ssh')).not.toContain('ssh_host_');
    expect(ask('cat /etc/machine-id')).toBe('');
    expect(ask('ls -p /etc')).not.toContain('/hostname/');
    expect(ask('cat /etc/shadow')).toMatch(/^root:!?\*?:/m);
    expect(ask('ls -p /root/.ssh')).not.toContain('authorized_keys');
  });

  it('has what its manifest says', async () => {
    const { stdout } = await run('sha256sum', [image, path.join(cache, manifest.file.name)]);
    expect(stdout.split('\n').map((line) => line.split(' ')[0])).toEqual([
      manifest.raw.sha256,
      manifest.file.sha256,
      '',
    ]);
    expect(manifest.packages).toHaveProperty('openssh-server');
  });

  it('boots from its disk by BIOS and by UEFI, as it was told, and reports the host key it is reached by', async () => {
    const boot = async (firmware: 'bios' | 'uefi', index: number): Promise<string> => {
      const name = `node-${firmware}`;
      const macs = [`52:54:00:77:1a:${index}0`, `52:54:00:77:1a:${index}1`, `52:54:00:77:1a:${index}2`] as const;
      const disk = await install(name, macs);
      const sshPort = await freePort();
      const where = path.join(directory, name);
      const machine = startFromDisk({ firmware, directory: where, disk, macs, sshPort, address: '10.0.2.50' });
      machines.push(machine);
      const reported = () => server.reports.find(({ session }) => session === name);
      const report = await until(`the report of ${name}`, reported, Boolean, patienceMs).catch((error: unknown) => {
        throw new Error(`${String(error)}\n${machine.console().slice(-3000)}`);
      });
      // 503 at first: said again under a new number.
      expect(report).toMatchObject({ counter: 2, body: { hostname: name } });
      const [hostKey = ''] = report?.body.hostKeys ?? [];
      writeFileSync(path.join(where, 'known_hosts'), `[127.0.0.1]:${sshPort} ${hostKey}\n`);
      const ssh = async (command: string): Promise<string> => {
        const options = [
          ...[
            '-i',
            path.join(directory, 'id'),
            '-p',
            String(sshPort),
            '-o',
            'BatchMode=yes',
            '-o',
            'IdentitiesOnly=yes',
          ],
          ...['-o', 'StrictHostKeyChecking=yes', '-o', `UserKnownHostsFile=${path.join(where, 'known_hosts')}`],
          ...['-F', 'none', '-o', 'ConnectTimeout=60', '-o', 'HostKeyAlgorithms=ssh-ed25519'],
        ];
        return (await run('ssh', [...options, 'formwork@127.0.0.1', command], { timeout: 120_000 })).stdout;
      };
      expect(await ssh('hostname; hostname -f; id -un; sudo id -u')).toBe(
        `${name}\n${name}.rack1.example.org\nformwork\n0\n`,
      );
      const links: unknown = JSON.parse(await ssh('ip -j -d addr'));
      const has = (more: object): unknown => expect.objectContaining(more);
      const addresses = (...list: readonly string[]): unknown =>
        expect.arrayContaining(list.map((local) => has({ local })));
      expect(links).toEqual(
        expect.arrayContaining([
          has({ ifname: 'lan0', address: macs[0], mtu: 1400, addr_info: addresses('10.0.2.50') }),
          has({ ifname: 'port1', master: 'bond0' }),
          has({ ifname: 'port2', master: 'bond0' }),
          has({ ifname: 'bond0', linkinfo: has({ info_data: has({ mode: 'active-backup', primary: 'port2' }) }) }),
          has({ ifname: 'storage', link: 'bond0', addr_info: addresses('10.7.0.9', 'fd77:7::9') }),
          has({ ifname: 'v8', master: 'guests', linkinfo: has({ info_data: has({ id: 8 }) }) }),
          has({ ifname: 'guests', addr_info: addresses('10.8.0.1') }),
        ]),
      );
      expect(await ssh('ip route show default')).toContain('default via 10.0.2.2 dev lan0');
      expect(await ssh(`[ -d /sys/firmware/efi ] && echo uefi || echo bios`)).toBe(`${firmware}\n`);
      expect(Number(await ssh('findmnt -b -n -o SIZE /'))).toBeGreaterThan(2.4 * 1024 ** 3);
      // What was secret is gone, and it does not start anew at the next boot.
      await until(
        'the end of the first boot',
        () => ssh('sudo ls /var/lib/formwork'),
        (seen) => /^first-boot-done$/m.test(seen),
      );
      const left = [
        'sudo cmp -n 1048576 /dev/zero /dev/disk/by-partlabel/CIDATA && echo erased',
        'sudo ls /run/formwork /var/lib/formwork',
      ];
      expect(await ssh(left.join('; '))).toBe('erased\n/run/formwork:\nmount\n\n/var/lib/formwork:\nfirst-boot-done\n');
      await until(
        'user data',
        () => ssh('cat /var/lib/user-data-ran-by || true'),
        (seen) => seen === '0\n',
      );
      expect(await ssh('systemctl --failed --no-legend --plain')).toBe('');
      return `${hostKey} ${await ssh('cat /etc/machine-id')}`;
    };
    const found = await Promise.all([boot('bios', 1), boot('uefi', 2)]);
    const values = found.flatMap((text) => text.trim().split(' ').slice(1));
    expect(new Set(values).size).toBe(4);
  });

  it('is not built again for the same input', async () => {
    const { stdout } = await run(process.execPath, [cli, 'image', 'build', 'debian-12', ...options]);
    expect(stdout).toContain(`debian-12.json (as it was: the input is the same)`);
    expect(stdout).toContain(manifest.raw.sha256);
  });

  it('of a mirror that is not there ends with its name and what to do', async () => {
    const away = `http://127.0.0.1:${await freePort()}/ubuntu`;
    const elsewhere = ['--output', directory, '--mirror', away, '--security-mirror', away];
    const failed = await run(process.execPath, [cli, 'image', 'build', 'ubuntu-24.04', ...elsewhere]).catch(
      (error: unknown) => error,
    );
    expect(failed).toMatchObject({ stdout: '', code: expect.any(Number) as unknown });
    expect(failed).toMatchObject({
      stderr: expect.stringContaining(`the mirror ${away} cannot be reached: connect ECONNREFUSED`) as unknown,
    });
    expect(failed).toMatchObject({ stderr: expect.stringContaining('--mirror') as unknown });
  });
});
