import { describe, expect, it } from 'vitest';
import { chooseMachine, fitsWish } from './choose-machine.ts';
import { defaultSightingLimits, refuseSighting } from './discovery-limits.ts';
import { applyRules, type DiscoveryRule } from './discovery-rules.ts';
import type { MachineFacts } from './machine-facts.ts';
import { exampleMachine } from './testing/example-machine.ts';

const none = { model: null, architecture: 'x86_64', sockets: 1, flags: [] };
const facts = (cores: number, memoryMiB: number, serial: string | null = 'R740-001'): MachineFacts => ({
  boot: { firmware: 'uefi', mac: '52:54:00:77:00:01', address: null },
  dmi: {
    uuid: null,
    serial,
    assetTag: null,
    boardSerial: null,
    chassisSerial: null,
    manufacturer: 'Dell Inc.',
    product: 'R740',
    biosVersion: null,
  },
  cpu: { ...none, cores, threads: cores * 2 },
  numa: [],
  memoryMiB,
  disks: [
    {
      name: 'sda',
      serial: null,
      wwn: null,
      byPath: null,
      model: null,
      sizeBytes: 500 * 1024 ** 3,
      rotational: false,
      transport: 'sata',
    },
  ],
  nics: [
    { name: 'eth0', mac: '52:54:00:77:00:01', driver: 'ixgbe', pci: null, link: true, speedMbps: 10_000, lldp: null },
  ],
  pci: [],
  gpus: [],
  bmc: null,
});
const rule = (fields: Partial<DiscoveryRule>): DiscoveryRule => ({
  match: {},
  name: null,
  labels: {},
  approve: false,
  ...fields,
});
const seen = exampleMachine({ subnet: 'rack-1', identity: { ...exampleMachine().identity, serial: 'r740-001' } });

describe('discovery rules', () => {
  it('ask for approval where none fits', () => {
    expect(applyRules([], seen, facts(4, 8192))).toEqual({ rule: null, name: null, labels: {}, approve: false });
  });

  it('take the first that fits in all of its values', () => {
    const rules = [
      rule({ match: { 'dmi.manufacturer': 'HPE*' }, approve: true }),
      rule({
        match: {
          'dmi.manufacturer': 'dell*',
          memoryMiB: { min: 8000 },
          'nics[].speedMbps': { min: 10_000 },
          subnet: 'rack-1',
        },
        name: 'dell-{serial}',
        labels: { tier: 'db' },
        approve: true,
      }),
      rule({ approve: false }),
    ];
    expect(applyRules(rules, seen, facts(4, 8192))).toEqual({
      rule: 1,
      name: 'dell-r740-001',
      labels: { tier: 'db' },
      approve: true,
    });
    expect(applyRules(rules, { ...seen, subnet: 'rack-2' }, facts(4, 8192)).rule).toBe(2);
    expect(applyRules(rules, seen, facts(4, 4096)).rule).toBe(2);
  });

  it('leave the name where a word of it is not known, and reach nothing but the facts', () => {
    const nameless = { ...seen, identity: { ...seen.identity, serial: null } };
    expect(applyRules([rule({ name: 'm-{serial}' })], nameless, facts(4, 1, null)).name).toBeNull();
    expect(applyRules([rule({ name: 'm-{number}' })], seen, facts(4, 1)).name).toBe('m-{number}');
    expect(applyRules([rule({ match: { 'constructor.name': 'Object' } })], seen, facts(4, 1)).rule).toBeNull();
  });
});

describe('the pool', () => {
  const pool = [facts(8, 65_000), facts(2, 7_900), facts(4, 16_000)].map((one, index) =>
    exampleMachine({ id: `m${index}`, name: `m${index}`, facts: one, labels: { rack: String(index % 2) } }),
  );

  it('gives the smallest machine that fits', () => {
    expect(chooseMachine(pool, { size: { cpus: 5, memoryGib: 8 }, labels: {} })?.name).toBe('m2');
    expect(chooseMachine(pool, { size: null, labels: {} })?.name).toBe('m1');
    expect(chooseMachine(pool, { size: { memoryGib: 8 }, labels: { rack: '0' } })?.name).toBe('m2');
    expect(chooseMachine(pool, { size: { gpus: 1 }, labels: {} })).toBeNull();
    expect(chooseMachine(pool, { size: { arch: 'arm64' }, labels: {} })).toBeNull();
  });

  it('lets nobody have a machine of which nothing is known, but who asks for nothing', () => {
    const blank = exampleMachine();
    expect(fitsWish(blank, { size: { cpus: 1 }, labels: {} })).toBe(false);
    expect(fitsWish(blank, { size: null, labels: {} })).toBe(true);
  });
});

describe('limits of a subnet', () => {
  it('keep unknown machines from flooding the inventory', () => {
    expect(refuseSighting({ unknown: 0, inWindow: 0 }, defaultSightingLimits)).toBeNull();
    expect(refuseSighting({ unknown: 256, inWindow: 0 }, defaultSightingLimits)).toMatchObject({
      code: 'too-many-unknown',
    });
    expect(refuseSighting({ unknown: 64, inWindow: 64 }, defaultSightingLimits)).toMatchObject({
      code: 'unknown-too-fast',
      seconds: 60,
    });
  });
});
