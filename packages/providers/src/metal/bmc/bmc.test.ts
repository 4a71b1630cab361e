import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { labIdentity } from '../../../../../test/lab/bmc-emulator/chassis/identity.ts';
import { memoryChassis, type MemoryChassis } from '../../../../../test/lab/bmc-emulator/chassis/memory-chassis.ts';
import { startBmc, type EmulatedBmc } from '../../../../../test/lab/bmc-emulator/emulated-bmc.ts';
import { failureOf } from '../../provider-error.ts';
import { bmcQueue } from './bmc-queue.ts';
import { defaultPolicy, openBmc, type Bmc, type BmcPolicy } from './bmc.ts';
import type { BmcDriver } from './driver.ts';
import { ipmiDriver } from './ipmi/ipmi-driver.ts';
import { ipmiTarget } from './ipmi/ipmi-target.ts';
import { redfishDriver } from './redfish/redfish-driver.ts';

const policy: BmcPolicy = {
  ...defaultPolicy,
  retry: { tries: 3, firstDelayMs: 20, longestDelayMs: 100 },
  circuit: { failuresToOpen: 4, firstHoldMs: 60_000, longestHoldMs: 120_000 },
  powerDeadlineMs: 300,
  softDeadlineMs: 300,
  pollMs: 30,
};
const context = { signal: new AbortController().signal, timeoutMs: 20_000 };
const password = 'secret-of-bmc';
let chassis: MemoryChassis;
let emulated: EmulatedBmc;

beforeEach(async () => {
  chassis = memoryChassis(labIdentity(4));
  emulated = await startBmc({ chassis, password });
});
afterEach(async () => {
  const left = emulated.ipmi.sessions() + emulated.redfish.sessions();
  await emulated.close();
  expect(left).toBe(0);
});

const credentials = () => Promise.resolve({ user: 'admin', password });
const drivers: Readonly<Record<string, () => BmcDriver>> = {
  ipmi: () =>
    ipmiDriver(
      ipmiTarget({
        host: '127.0.0.1',
        port: emulated.ipmi.port,
        credentials,
        patience: { tries: 2, firstWaitMs: 100 },
      }),
    ),
  redfish: () =>
    redfishDriver({
      baseUrl: emulated.redfish.url,
      credentials,
      trust: { kind: 'insecure' },
      systemId: null,
      now: Date.now,
    }),
};
const open = (kind: string, queue = bmcQueue(0)): Bmc =>
  openBmc({
    driver: drivers[kind]?.() ?? {
      kind: 'webhook',
      power: () => Promise.resolve('unknown'),
      setPower: () => Promise.resolve(),
      close: () => Promise.resolve(),
    },
    queue,
    policy,
    now: () => performance.now(),
    random: () => 0.5,
  });
const failing = (work: Promise<unknown> | undefined) =>
  work?.then(
    () => null,
    (error: unknown) => failureOf(error),
  );

describe.each(['ipmi', 'redfish'])('a BMC by %s', (kind) => {
  it('answers when the power is what was asked for, and does nothing that is so already', async () => {
    const bmc = open(kind);
    for (const action of ['on', 'on', 'cycle', 'reset', 'soft', 'off', 'cycle'] as const)
      await bmc.setPower(action, context);
    expect(emulated.machine.controls).toEqual(['on', 'off', 'on', 'reset', 'soft', 'on']);
    expect(await bmc.power(context)).toBe('on');
    await bmc.close();
    expect(await failing(bmc.power(context))).toMatchObject({ code: 'closed' });
  });

  it('that says OK and does nothing is found out', async () => {
    emulated.faults.lyingPower = true;
    expect(await failing(open(kind).setPower('on', context))).toMatchObject({
      kind: 'unavailable',
      code: 'power-unverified',
    });
    emulated.faults.lyingPower = false;
    await open(kind).setPower('on', context);
    emulated.faults.lyingPower = true;
    expect(await failing(open(kind).setPower('cycle', context))).toMatchObject({ code: 'power-unverified' });
  });

  it('whose operating system ignores the power button is named as well', async () => {
    await open(kind).setPower('on', context);
    chassis.ignoreShutDown = true;
    expect(await failing(open(kind).setPower('soft', context))).toMatchObject({ code: 'power-unverified' });
  });

  it('that forgets the boot device is found out', async () => {
    const bmc = open(kind);
    await bmc.bootDevice?.set({ device: 'pxe', persistent: true, efi: true }, context);
    emulated.faults.forgetsBootDevice = true;
    expect(await failing(bmc.bootDevice?.set({ device: 'disk', persistent: false, efi: true }, context))).toMatchObject(
      {
        kind: 'unavailable',
        code: 'boot-device-unverified',
      },
    );
    expect(await bmc.bootDevice?.get(context)).toMatchObject({ device: 'pxe' });
  });

  it('is asked one thing at a time by all of its handles', async () => {
    const queue = bmcQueue(0);
    const handles = [open(kind, queue), open(kind, queue), open(kind, queue)];
    emulated.faults.slowMs = 5;
    let most = 0;
    const look = setInterval(() => {
      most = Math.max(most, emulated.ipmi.sessions() + emulated.redfish.sessions());
    }, 1);
    await Promise.all(handles.map((bmc) => bmc.power(context)));
    clearInterval(look);
    emulated.faults.slowMs = 0;
    expect(most).toBe(1);
  });

  it('that has no free session is asked again later', async () => {
    emulated.faults.noSlots = true;
    const bmc = open(kind);
    const work = failing(bmc.power({ ...context, timeoutMs: 500 }));
    expect(await work).toMatchObject({ code: 'timeout' });
    emulated.faults.noSlots = false;
    expect(await bmc.power(context)).toBe('off');
  });

  it('boots from what was set, once or always', async () => {
    const bmc = open(kind);
    await bmc.bootDevice?.set({ device: 'pxe', persistent: false, efi: true }, context);
    for (const action of ['on', 'cycle'] as const) await bmc.setPower(action, context);
    await bmc.bootDevice?.set({ device: 'cdrom', persistent: true, efi: true }, context);
    for (const action of ['cycle', 'cycle'] as const) await bmc.setPower(action, context);
    expect(chassis.boots).toEqual(['pxe', 'default', 'cdrom', 'cdrom']);
  });
});

describe('a BMC that does not answer', () => {
  it('is left alone after failures in a row', async () => {
    emulated.faults.silent = true;
    const bmc = open('ipmi');
    expect(await failing(bmc.power(context))).toMatchObject({ code: 'no-answer' });
    expect(await failing(bmc.power(context))).toMatchObject({ code: 'circuit-open' });
    expect(bmc.health()).toMatchObject({ state: 'open', failuresInRow: 4, code: 'no-answer' });
    const asked = performance.now();
    expect(await failing(bmc.power(context))).toMatchObject({ kind: 'unavailable', code: 'circuit-open' });
    expect(emulated.ipmi.carried).toEqual([]);
    expect(performance.now() - asked).toBeLessThan(context.timeoutMs);
    emulated.faults.silent = false;
  });

  it('or that says neither on nor off is unknown, and never taken for done', async () => {
    const bmc = open('neither');
    expect(await bmc.power(context)).toBe('unknown');
    expect(bmc.bootDevice).toBeUndefined();
    expect(await failing(bmc.setPower('off', context))).toMatchObject({ code: 'power-unverified' });
  });
});
