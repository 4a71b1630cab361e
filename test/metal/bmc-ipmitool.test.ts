import { execFile, spawnSync } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { labIdentity } from '../lab/bmc-emulator/chassis/identity.ts';
import { memoryChassis } from '../lab/bmc-emulator/chassis/memory-chassis.ts';
import { startBmc, type EmulatedBmc } from '../lab/bmc-emulator/emulated-bmc.ts';

const run = promisify(execFile);
const password = 'lab-password-20-byte';
const missing = spawnSync('ipmitool', ['-V']).error !== undefined;

/** Debian's ipmitool shares no code with us: what it understands is IPMI. */
describe.skipIf(missing).each([3, 17])('the emulated BMC by ipmitool -I lanplus -C %i (needs ipmitool)', (suite) => {
  let bmc: EmulatedBmc;
  const call = async (words: string, secret = password, cipher = suite): Promise<string> => {
    const target = [
      '-I',
      'lanplus',
      '-H',
      '127.0.0.1',
      '-p',
      String(bmc.ipmi.port),
      '-U',
      'admin',
      '-E',
      '-C',
      String(cipher),
    ];
    const { stdout } = await run('ipmitool', [...target, '-R', '2', ...words.split(' ')], {
      env: { PATH: process.env['PATH'] ?? '', IPMI_PASSWORD: secret },
      timeout: 20_000,
    });
    return stdout;
  };

  beforeAll(async () => {
    bmc = await startBmc({ chassis: memoryChassis(labIdentity(5)), password, halfOpenMs: 1_000 });
  });
  afterAll(async () => {
    await bmc.close();
  });

  it('switches the power', async () => {
    expect(await call('power status')).toContain('is off');
    await call('power on');
    expect(await call('power status')).toContain('is on');
    await call('power cycle');
    await call('power reset');
    await call('power soft');
    expect(bmc.machine.controls).toEqual(['on', 'cycle', 'reset', 'soft']);
    await expect(call('power cycle')).rejects.toThrow(/not supported in present state/);
    expect(bmc.ipmi.sessions()).toBe(0);
  });

  it('sets and reads a boot device with its flags', async () => {
    await call('chassis bootdev pxe options=persistent,efiboot');
    const read = await call('chassis bootparam get 5');
    expect(read).toContain('Boot parameter data: e004000000');
    expect(read).toContain('Options apply to all future boots');
    expect(read).toContain('BIOS EFI boot');
    expect(read).toContain('Force PXE');
    await call('chassis bootdev none');
    expect(await call('chassis bootparam get 5')).toContain('No override');
  });

  it('forgets a boot device after 60 seconds, unless parameter 3 was set', async () => {
    await call('raw 0 8 3 0');
    await call('chassis bootdev cdrom');
    const { expiresAtMs } = bmc.machine.override();
    expect(Math.abs((expiresAtMs ?? 0) - Date.now() - 60_000)).toBeLessThan(20_000);
    await call('raw 0 8 3 8');
    await call('chassis bootdev cdrom');
    expect(bmc.machine.override()).toMatchObject({ target: 'cdrom', expiresAtMs: null });
  });

  it('reads device id, GUID, FRU and event log', async () => {
    expect(await call('mc info')).toMatch(/Firmware Revision +: 2\.14\nIPMI Version +: 2\.0/);
    expect(await call('mc guid')).toContain('4c4c4544-0000-4000-8000-000000000005');
    expect(await call('fru print 0')).toMatch(/Board Serial +: BSN00005[\s\S]*Product Serial +: SN00005/);
    expect((await call('sel list')).split('\n').length).toBeGreaterThan(2);
    expect(await call('sel info')).toContain('Entries');
    await call('sel clear');
    expect(await call('sel info')).toMatch(/Entries +: 0/);
  });

  it('lists its cipher suites, refuses suite 0 and a wrong password', async () => {
    expect(await call('channel getciphers ipmi 1')).toMatch(/\b3\b[\s\S]*\b17\b/);
    await expect(call('power status', password, 0)).rejects.toThrow(/no matching cipher suite/);
    await expect(call('power status', 'wrong')).rejects.toThrow(/Unable to establish/);
  });

  it('is away during a cold reset', async () => {
    bmc.faults.coldResetMs = 3_000;
    await call('mc reset cold');
    await expect(call('power status')).rejects.toThrow();
    expect(await call('power status').catch(() => call('power status'))).toContain('Power is');
  });
});
