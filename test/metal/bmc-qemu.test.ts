import { execFile, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Chassis } from '../lab/bmc-emulator/chassis/chassis.ts';
import { labIdentity } from '../lab/bmc-emulator/chassis/identity.ts';
import { firmwareCode } from '../lab/bmc-emulator/chassis/qemu-arguments.ts';
import { qemuChassis } from '../lab/bmc-emulator/chassis/qemu-chassis.ts';
import { startBmc, type EmulatedBmc } from '../lab/bmc-emulator/emulated-bmc.ts';
import { until } from '../support/until.ts';

const run = promisify(execFile);
/** What a terminal takes for colours and places. */
const escapes = new RegExp(`${String.fromCharCode(27)}\\[[\\d;?]*[A-Za-z]`, 'g');
const missing = ['qemu-system-x86_64', 'ipmitool'].filter((name) => spawnSync(name, ['--version']).error !== undefined);
const patienceMs = 150_000;

describe.skipIf(missing.length > 0)(
  'a QEMU machine behind the emulated BMC (needs qemu-system-x86, ipxe-qemu, ovmf)',
  () => {
    let root = '';
    let bmc: EmulatedBmc;
    let chassis: Chassis;
    let directory = '';

    const start = async (index: number, firmware: 'bios' | 'uefi'): Promise<void> => {
      directory = path.join(root, String(index));
      const identity = labIdentity(index);
      chassis = await qemuChassis({
        identity,
        directory,
        firmware,
        memoryMib: 256,
        tap: null,
        disk: 'disk.raw',
        diskMib: 16,
      });
      bmc = await startBmc({ chassis });
    };
    const ipmi = async (...words: readonly string[]): Promise<string> => {
      const target = ['-I', 'lanplus', '-H', '127.0.0.1', '-p', String(bmc.ipmi.port), '-U', 'admin', '-E', '-C', '17'];
      const env = { PATH: process.env['PATH'] ?? '', IPMI_PASSWORD: 'secret' };
      return (await run('ipmitool', [...target, ...words], { env, timeout: 30_000 })).stdout;
    };
    const consoleText = async (): Promise<string> =>
      (await readFile(path.join(directory, 'console'), 'latin1').catch(() => '')).replaceAll(escapes, '');
    const shown = (text: string) =>
      until(`the console shows ${text}`, consoleText, (seen) => seen.includes(text), patienceMs);

    beforeAll(async () => {
      root = await mkdtemp(path.join(tmpdir(), 'formwork-bmc-qemu-'));
    });
    afterEach(async () => {
      await bmc.close();
      expect(chassis.isOn()).toBe(false);
      const left = [];
      for (const name of (await readdir('/proc')).filter((entry) => /^\d+$/.test(entry))) {
        const line = await readFile(`/proc/${name}/cmdline`, 'latin1').catch(() => '');
        if (line.startsWith('qemu-system') && line.includes(root)) left.push(name);
      }
      expect(left).toEqual([]);
    });
    afterAll(async () => {
      await rm(root, { recursive: true, force: true });
    });

    it('boots by PXE when told so, and from disk the next time', async () => {
      await start(11, 'bios');
      expect(await ipmi('power', 'status')).toContain('is off');
      await ipmi('chassis', 'bootdev', 'pxe');
      await ipmi('power', 'on');
      expect(await ipmi('power', 'status')).toContain('is on');
      // The network comes before the disk.
      const first = await shown('net0: 52:54:00:77:00:0b');
      expect(first).not.toContain('Booting from Hard Disk');
      await ipmi('power', 'off');
      expect(await ipmi('power', 'status')).toContain('is off');
      await ipmi('power', 'on');
      const second = await shown('Booting from Hard Disk');
      expect(second).not.toContain('net0:');
    });

    it('boots anew when its guest restarts, and what was set for one boot is used up', async () => {
      await start(15, 'bios');
      // A boot sector that resets the machine: out 0xcf9, 6.
      const sector = Buffer.alloc(1024 * 1024);
      sector.set([0xba, 0xf9, 0x0c, 0xb0, 0x06, 0xee, 0xf4]);
      sector.set([0x55, 0xaa], 510);
      await writeFile(path.join(directory, 'disk.raw'), sector);
      await ipmi('chassis', 'bootdev', 'pxe');
      await ipmi('power', 'on');
      await shown('net0: 52:54:00:77:00:0f');
      const pid = () => readFile(path.join(directory, 'pid'), 'latin1').catch(() => '');
      const first = await pid();
      await until('a second process', pid, (seen) => seen !== '' && seen !== first, patienceMs);
      expect(await ipmi('power', 'status')).toContain('is on');
      expect(await shown('Booting from Hard Disk')).not.toContain('net0:');
      await ipmi('power', 'off');
      expect(await ipmi('power', 'status')).toContain('is off');
    });

    it('is found again by a BMC that starts anew, and ends with it', async () => {
      await start(12, 'bios');
      await chassis.start('default');
      const again = await qemuChassis({
        identity: labIdentity(12),
        directory,
        firmware: 'bios',
        memoryMib: 256,
        tap: null,
        disk: 'disk.raw',
        diskMib: 16,
      });
      expect(again.isOn()).toBe(true);
      await again.close();
      expect(chassis.isOn()).toBe(false);
    });

    it.skipIf(!existsSync(firmwareCode))('boots by PXE under UEFI, set by Redfish', async () => {
      await start(13, 'uefi');
      const ask = (method: string, where: string, body: unknown) =>
        fetch(bmc.redfish.url + where, {
          method,
          headers: { authorization: `Basic ${btoa('admin:secret')}`, 'content-type': 'application/json' },
          body: JSON.stringify(body),
        });
      const system = '/redfish/v1/Systems/machine-1';
      const boot = {
        BootSourceOverrideTarget: 'Pxe',
        BootSourceOverrideEnabled: 'Once',
        BootSourceOverrideMode: 'UEFI',
      };
      expect((await ask('PATCH', system, { Boot: boot })).status).toBe(204);
      expect((await ask('POST', `${system}/Actions/ComputerSystem.Reset`, { ResetType: 'On' })).status).toBe(204);
      await shown('net0: 52:54:00:77:00:0d');
      expect((await ask('POST', `${system}/Actions/ComputerSystem.Reset`, { ResetType: 'ForceOff' })).status).toBe(204);
      expect(chassis.isOn()).toBe(false);
    });

    it.skipIf(!existsSync(firmwareCode))('boots by HTTP under UEFI, with no PXE before it', async () => {
      await start(14, 'uefi');
      bmc.machine.setOverride({
        target: 'uefi-http',
        persistent: false,
        efi: true,
        httpBootUri: null,
        expiresAtMs: null,
      });
      await ipmi('power', 'on');
      expect(await shown('Start HTTP Boot')).not.toContain('Start PXE');
    });
  },
);
