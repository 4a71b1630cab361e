import { spawnSync } from 'node:child_process';
import { inspect } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { labIdentity } from '../../../../../../test/lab/bmc-emulator/chassis/identity.ts';
import { memoryChassis } from '../../../../../../test/lab/bmc-emulator/chassis/memory-chassis.ts';
import { startBmc, type EmulatedBmc } from '../../../../../../test/lab/bmc-emulator/emulated-bmc.ts';
import { until } from '../../../../../../test/support/until.ts';
import { failureOf } from '../../../provider-error.ts';
import { runProgram, type RunProgram } from '../run-program.ts';
import { ipmitoolDriver } from './ipmitool-driver.ts';
import { ipmitoolFailure, parseBootParameter, parseFields, parsePowerStatus } from './ipmitool-output.ts';

const signal = new AbortController().signal;
const password = 'battery-staple';
const missing = spawnSync('ipmitool', ['-V']).error !== undefined;

describe('what ipmitool prints', () => {
  it('is read, and refused where it says something else', () => {
    expect(parsePowerStatus('Chassis Power is on\n')).toEqual({ ok: true, value: 'on' });
    expect(parsePowerStatus('Chassis Power is unknown\n').ok).toBe(false);
    expect(parseBootParameter('').ok).toBe(false);
    expect(parseFields('A b   : c : d\n')).toEqual(new Map([['a b', 'c : d']]));
  });

  it("says why it failed, in our words and with the BMC's code", () => {
    expect(ipmitoolFailure('x', 'Error: Unable to establish IPMI v2 / RMCP+ session')).toMatchObject({
      kind: 'unavailable',
    });
    expect(ipmitoolFailure('x', 'RAKP 2 HMAC is invalid')).toMatchObject({ kind: 'auth' });
    expect(ipmitoolFailure('x', 'no matching cipher suite')).toMatchObject({ kind: 'invalid' });
    expect(
      ipmitoolFailure('x', 'Unable to send RAW command (channel=0x0 netfn=0x0 lun=0x0 cmd=0x8 rsp=0xc0): Node busy'),
    ).toMatchObject({
      kind: 'throttled',
      code: 'ipmi-C0',
    });
    expect(ipmitoolFailure('x', `strange ${password}`).message).not.toContain(password);
  });
});

describe.skipIf(missing).each([3, 17] as const)('the ipmitool driver, cipher suite %i (needs ipmitool)', (suite) => {
  let bmc: EmulatedBmc;
  const seenArgs: string[] = [];
  const run: RunProgram = (command, args, env, within) => {
    seenArgs.push(args.join(' '));
    return runProgram(command, args, env, within);
  };
  beforeAll(async () => {
    bmc = await startBmc({ chassis: memoryChassis(labIdentity(3)), password, suites: [suite], halfOpenMs: 500 });
  });
  afterAll(async () => {
    // What a refused password leaves half open is freed by the BMC.
    await until('no session is left', () => bmc.ipmi.sessions() === 0);
    await bmc.close();
  });
  const driver = (secret = password, kgHex?: string, port = bmc.ipmi.port) =>
    ipmitoolDriver({
      target: {
        host: '127.0.0.1',
        port,
        credentials: () =>
          Promise.resolve({ user: 'admin', password: secret, ...(kgHex === undefined ? {} : { kgHex }) }),
        privilege: 'administrator',
        patience: { tries: 2, firstWaitMs: 1_000 },
      },
      suite,
      run,
    });

  it('switches the power and sets the boot device', async () => {
    await driver().setPower('on', signal);
    expect(await driver().power(signal)).toBe('on');
    expect(await driver().bootDevice?.set({ device: 'pxe', persistent: true, efi: true }, signal)).toEqual({
      device: 'pxe',
      persistent: true,
      efi: true,
    });
    expect(bmc.machine.override()).toMatchObject({ target: 'pxe', expiresAtMs: null });
    expect(await driver().inventory?.(signal)).toMatchObject({
      serial: 'SN00003',
      bmcFirmware: '2.14',
      assetTag: 'asset-1',
    });
  });

  it('switches a machine on that is off, where it was to be reset', async () => {
    await driver().setPower('off', signal);
    await driver().setPower('reset', signal);
    expect(bmc.machine.chassis.isOn()).toBe(true);
  });

  it('works with a key Kg of printable characters, and refuses others', async () => {
    const kg = Buffer.concat([Buffer.from('key-of-the-bmc'), Buffer.alloc(6)]);
    const keyed = await startBmc({ chassis: memoryChassis(labIdentity(4)), password, suites: [suite], kg });
    const text = Buffer.from('key-of-the-bmc').toString('hex');
    expect(await driver(password, text, keyed.ipmi.port).power(signal)).toBe('off');
    expect(seenArgs.join(' ')).not.toContain('key-of-the-bmc');
    const failure = await driver(password, '00ff', keyed.ipmi.port)
      .power(signal)
      .catch((error: unknown) => failureOf(error));
    expect(failure).toMatchObject({ kind: 'invalid', code: 'kg-unsupported' });
    await keyed.close();
  });

  it('never puts the password into an argument or an error', async () => {
    const error: unknown = await driver('wrong-secret')
      .power(signal)
      .catch((thrown: unknown) => thrown);
    expect(failureOf(error)).toMatchObject({ kind: 'auth' });
    expect(inspect(error, { depth: 9 })).not.toContain('wrong-secret');
    expect(seenArgs.join('\n')).not.toMatch(/battery-staple|wrong-secret/);
  });
});
