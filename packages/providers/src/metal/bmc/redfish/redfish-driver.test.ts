import { execFileSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { inspect } from 'node:util';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { labIdentity } from '../../../../../../test/lab/bmc-emulator/chassis/identity.ts';
import { memoryChassis, type MemoryChassis } from '../../../../../../test/lab/bmc-emulator/chassis/memory-chassis.ts';
import {
  startBmc,
  type EmulatedBmc,
  type EmulatedBmcOptions,
} from '../../../../../../test/lab/bmc-emulator/emulated-bmc.ts';
import { freePort } from '../../../../../../test/support/free-port.ts';
import { failureOf } from '../../../provider-error.ts';
import type { TlsTrust } from '../http-agent.ts';
import { redfishDriver } from './redfish-driver.ts';

const signal = new AbortController().signal;
const password = 'a-longer-password-than-ipmi-takes';
const folder = mkdtempSync(path.join(tmpdir(), 'formwork-redfish-'));
execFileSync(
  'openssl',
  [
    ...[
      'req',
      '-x509',
      '-newkey',
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:prime256v1',
      '-nodes',
      '-days',
      '2',
      '-subj',
      '/CN=bmc',
    ],
    ...[
      '-addext',
      'subjectAltName=IP:127.0.0.1',
      '-keyout',
      path.join(folder, 'key'),
      '-out',
      path.join(folder, 'cert'),
    ],
  ],
  { stdio: 'ignore' },
);
const tls = {
  key: readFileSync(path.join(folder, 'key'), 'utf8'),
  cert: readFileSync(path.join(folder, 'cert'), 'utf8'),
};
const pin = new X509Certificate(tls.cert).fingerprint256;
afterAll(() => rmSync(folder, { recursive: true }));

let bmc: EmulatedBmc;
let chassis: MemoryChassis;

async function start(
  redfish: EmulatedBmcOptions['redfish'] = {},
  more: Partial<EmulatedBmcOptions> = {},
): Promise<void> {
  chassis = memoryChassis(labIdentity(9));
  bmc = await startBmc({ chassis, password, tls, redfish, ...more });
}
const driver = (trust: TlsTrust = { kind: 'pin', sha256: pin }, secret = password, systemId: string | null = null) =>
  redfishDriver({
    baseUrl: bmc.redfish.url,
    credentials: () => Promise.resolve({ user: 'admin', password: secret }),
    trust,
    systemId,
    now: Date.now,
  });
const failing = async (work: Promise<unknown> | undefined) => {
  const error: unknown = await work?.then(
    () => null,
    (thrown: unknown) => thrown,
  );
  expect(inspect(error, { depth: 9 })).not.toContain(password);
  return failureOf(error);
};
afterEach(async () => {
  const left = bmc.redfish.sessions();
  await bmc.close();
  expect(left).toBe(0);
});

describe('the certificate', () => {
  it.each([
    ['its pinned fingerprint', { kind: 'pin', sha256: pin }],
    ['its CA', { kind: 'ca', pem: tls.cert }],
    ['nothing, when asked for', { kind: 'insecure' }],
  ] as const)('is trusted by %s', async (_, trust) => {
    await start();
    expect(await driver(trust).power(signal)).toBe('off');
  });

  it.each([
    ['another fingerprint', { kind: 'pin', sha256: pin.replace(/^./, (digit) => (digit === '0' ? '1' : '0')) }],
    ["the system's authorities", { kind: 'system' }],
  ] as const)('is refused by %s, before anything was sent', async (_, trust) => {
    await start();
    expect(await failing(driver(trust).power(signal))).toMatchObject({ kind: 'auth' });
    expect(bmc.redfish.requests).toEqual([]);
  });
});

describe('a BMC', () => {
  it('is switched, each reset type by what it allows', async () => {
    await start();
    const redfish = driver();
    await redfish.setPower('on', signal);
    expect([await redfish.power(signal), chassis.isOn()]).toEqual(['on', true]);
    for (const action of ['reset', 'cycle', 'soft'] as const) await redfish.setPower(action, signal);
    expect(bmc.machine.controls).toEqual(['on', 'reset', 'cycle', 'soft']);
  });

  it('gives its inventory', async () => {
    await start();
    expect(await driver().inventory?.(signal)).toEqual({
      manufacturer: 'Formwork Lab',
      model: 'Emulated 1',
      serial: 'SN00009',
      boardSerial: null,
      assetTag: null,
      uuid: '4c4c4544-0000-4000-8000-000000000009',
      bmcFirmware: '2.14',
      cpuCount: 2,
      cpuModel: 'TCG',
      memoryMib: 4_096,
      nics: [{ mac: '52:54:00:77:00:09', name: 'NIC.1' }],
      drives: [{ name: 'Disk.0', serial: 'DISK1', model: 'virtio', sizeBytes: 8_589_934_592 }],
    });
  });

  it('boots by HTTP from a URL', async () => {
    await start();
    const wanted = {
      device: 'uefi-http',
      persistent: false,
      efi: true,
      httpBootUri: 'http://10.0.0.1/boot.efi',
    } as const;
    expect(await driver().bootDevice?.set(wanted, signal)).toEqual({
      device: 'uefi-http',
      persistent: false,
      efi: true,
    });
    expect(bmc.machine.override()).toMatchObject({ target: 'uefi-http', httpBootUri: 'http://10.0.0.1/boot.efi' });
    expect(await driver().bootDevice?.set({ device: 'none', persistent: false, efi: true }, signal)).toMatchObject({
      device: 'none',
    });
  });

  it('takes a CD image after the one that was in it', async () => {
    await start();
    await driver().virtualMedia?.insert('http://10.0.0.1/one.iso', signal);
    await driver().virtualMedia?.insert('http://10.0.0.1/two.iso', signal);
    expect(chassis.media.image).toBe('http://10.0.0.1/two.iso');
    await driver().virtualMedia?.eject(signal);
    expect(chassis.media.image).toBeNull();
  });

  it('says that the password is wrong', async () => {
    await start();
    expect(await failing(driver(undefined, 'wrong').power(signal))).toMatchObject({
      kind: 'auth',
      code: 'redfish-Base.1.0.NoValidSession',
    });
  });
});

describe('the quirks', () => {
  it.each([
    { etags: 'none' },
    { etags: 'strict' },
    { etags: 'weak' },
    { etags: 'never' },
    { settings: true },
    { settings: true, etags: 'strict' },
    { bootPatch: 'whole' },
    { bootPatch: 'changed' },
    { bootPatch: 'changed', etags: 'strict', vendor: 'HPE' },
    { bootPatch: 'whole', vendor: 'Supermicro' },
    { vendor: 'Dell', etags: 'never' },
    { vendor: 'Dell', etags: 'strict' },
    { pageSize: 1 },
    { tasks: true },
  ] as const)('a boot device is set on %j', async (shape) => {
    await start(shape);
    const redfish = driver();
    expect(await redfish.bootDevice?.set({ device: 'pxe', persistent: true, efi: true }, signal)).toEqual({
      device: 'pxe',
      persistent: true,
      efi: true,
    });
    expect(await redfish.bootDevice?.set({ device: 'disk', persistent: false, efi: true }, signal)).toMatchObject({
      device: 'disk',
    });
    expect(await redfish.bootDevice?.get(signal)).toEqual({ device: 'disk', persistent: false, efi: true });
  });

  it.each([
    { allowable: 'none' },
    { allowable: 'action-info', resetTypes: ['ForceOn', 'ForceOff', 'PushPowerButton', 'ForceRestart'] },
    { tasks: true },
    { sessions: false },
    { sessionIn: 'body' },
  ] as const)('the power is switched on %j', async (shape) => {
    await start('resetTypes' in shape ? { ...shape, resetTypes: [...shape.resetTypes] } : shape);
    const redfish = driver();
    await redfish.setPower('on', signal);
    await redfish.setPower('reset', signal);
    await redfish.setPower('soft', signal);
    expect(bmc.machine.controls).toEqual(['on', 'reset', 'soft']);
  });

  it.each([{ media: 'manager' }, { mediaImageAlone: true, vendor: 'Dell' }] as const)(
    'media are inserted on %j',
    async (shape) => {
      await start(shape);
      await driver().virtualMedia?.insert('http://10.0.0.1/a.iso', signal);
      expect(chassis.media.image).toBe('http://10.0.0.1/a.iso');
    },
  );

  it('an image that the BMC is not connected to is not inserted', async () => {
    await start({ mediaNotConnected: true });
    expect(await failing(driver().virtualMedia?.insert('http://10.0.0.1/a.iso', signal))).toMatchObject({
      code: 'media-not-connected',
    });
  });

  it('of several systems one must be named', async () => {
    await start({ moreSystems: 3, pageSize: 2 });
    expect(await failing(driver().power(signal))).toMatchObject({ kind: 'invalid', code: 'several-systems' });
    expect(await driver(undefined, password, 'machine-1').power(signal)).toBe('off');
    expect(await failing(driver(undefined, password, 'machine-9').power(signal))).toMatchObject({ kind: 'not-found' });
  });

  it('a device that the BMC does not name is refused before anything is sent', async () => {
    await start({ bootTargets: ['None', 'Pxe'] });
    expect(
      await failing(driver().bootDevice?.set({ device: 'cdrom', persistent: false, efi: true }, signal)),
    ).toMatchObject({
      kind: 'invalid',
      code: 'unsupported',
    });
    expect(bmc.redfish.requests.filter(({ line }) => line.startsWith('PATCH'))).toEqual([]);
  });
});

describe('the faults', () => {
  it('busy answers are asked again, and given up with their own code', async () => {
    await start();
    bmc.faults.httpStatuses = [503, 429];
    expect(await driver().power(signal)).toBe('off');
    bmc.faults.httpStatuses = [500];
    expect(await failing(driver().power(signal))).toMatchObject({
      kind: 'unavailable',
      code: 'redfish-Base.1.0.GeneralError',
    });
  });

  it('a full session table is throttled, with a time to come back', async () => {
    await start();
    bmc.faults.noSlots = true;
    const failure = await failing(driver().power(signal));
    expect(failure).toMatchObject({ kind: 'throttled', code: 'redfish-Base.1.0.SessionLimitExceeded' });
    expect(failure.retryAfterMs).toBeGreaterThan(0);
  });

  it.each([
    ['wrongAnswer', true, 'garbled-answer'],
    ['truncateTo', 20, 'garbled-answer'],
  ] as const)('%s %s is %s', async (fault, value, code) => {
    await start();
    Object.assign(bmc.faults, { [fault]: value });
    expect(await failing(driver().power(signal))).toMatchObject({ kind: 'unavailable', code });
  });

  it('a silent BMC ends at the deadline, and a refused connection at once', async () => {
    await start();
    bmc.faults.silent = true;
    expect(await failing(driver().power(AbortSignal.timeout(300)))).toMatchObject({
      kind: 'unavailable',
      code: 'timeout',
    });
    const nobody = redfishDriver({
      baseUrl: `http://127.0.0.1:${await freePort()}`,
      credentials: () => Promise.resolve({ user: 'admin', password }),
      trust: { kind: 'insecure' },
      systemId: null,
      now: Date.now,
    });
    expect(await failing(nobody.power(signal))).toMatchObject({ kind: 'unavailable', code: 'ECONNREFUSED' });
  });

  it('a redirect is followed on the same host and to no other, so that no token leaves', async () => {
    await start({ redirectTo: '/redfish/v1' });
    expect(await driver().power(signal)).toBe('off');
    await bmc.close();
    const heard: string[] = [];
    const thief = createServer((request, response) => {
      heard.push(request.url ?? '');
      response.end('{}');
    }).listen(0, '127.0.0.1');
    await once(thief, 'listening');
    const address = thief.address();
    const port = address === null || typeof address === 'string' ? 0 : address.port;
    await start({ redirectTo: `http://127.0.0.1:${port}/redfish/v1` });
    expect(await failing(driver().power(signal))).toMatchObject({ kind: 'invalid', code: 'foreign-redirect' });
    expect(heard).toEqual([]);
    thief.close();
  });

  it('sends no password in clear unless asked to', async () => {
    await start({}, { tls: null });
    expect(await failing(driver().power(signal))).toMatchObject({ kind: 'invalid', code: 'plain-http' });
    expect(bmc.redfish.requests).toEqual([]);
    expect(await driver({ kind: 'insecure' }).power(signal)).toBe('off');
  });

  it('ends its session also when the work fails', async () => {
    await start();
    await driver().power(signal);
    bmc.machine.setOverride({ ...bmc.machine.override(), target: 'pxe' });
    expect(await failing(driver(undefined, password, 'nobody').setPower('on', signal))).toMatchObject({
      kind: 'not-found',
    });
    const lines = bmc.redfish.requests.map(({ line }) => line);
    expect(lines.filter((line) => line.startsWith('DELETE')).length).toBe(2);
  });
});
