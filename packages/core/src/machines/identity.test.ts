import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  cleanIdentity,
  cleanMac,
  cleanSerial,
  cleanUuid,
  identityScore,
  matchIdentity,
  mergeIdentity,
  sameMachineScore,
  swappedUuid,
  uuidKey,
} from './identity.ts';
import type { Machine, MachineIdentity } from './machine.ts';
import { exampleMachine } from './testing/example-machine.ts';

const uuid = '4c4c4544-0042-5210-8054-b7c04f4a3332';
const identity = (fields: Partial<MachineIdentity>): MachineIdentity => ({ ...cleanIdentity({ macs: [] }), ...fields });
const machine = (id: string, fields: Partial<MachineIdentity>): Machine =>
  exampleMachine({ id, identity: identity(fields) });

const hex = (length: number) =>
  fc.string({
    unit: fc.constantFrom(...Array.from({ length: 16 }, (_, digit) => digit.toString(16))),
    minLength: length,
    maxLength: length,
  });
const uuids = hex(32).map((digits) => cleanUuid(digits) ?? uuid);
const serials = fc.stringMatching(/^[a-z0-9]{6,12}$/).map((text) => cleanSerial(text) ?? 'abc123xyz');
const macs = hex(10).map((digits) => cleanMac(`52${digits}`) ?? '52:54:00:00:00:01');
const maybe = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: null });
const identities = fc.record({
  uuid: maybe(uuids),
  serial: maybe(serials),
  boardSerial: maybe(serials),
  chassisSerial: maybe(serials),
  assetTag: maybe(serials),
  macs: fc.uniqueArray(macs, { maxLength: 4 }).map((list) => [...list].sort()),
});

describe('cleaning', () => {
  it('drops what vendors leave in', () => {
    for (const value of ['To Be Filled By O.E.M.', 'Default string', '0000000000', 'N/A', '  ', 'None', '123', null]) {
      expect(cleanSerial(value)).toBeNull();
    }
    const shared = ['ffffffff-ffff-ffff-ffff-ffffffffffff', '03000200-0400-0500-0006-000700080009', '4c4c4544', ''];
    for (const value of shared) expect(cleanUuid(value)).toBeNull();
    for (const value of ['00:00:00:00:00:00', 'ff:ff:ff:ff:ff:ff', '01:00:5e:00:00:01', '52:54:00']) {
      expect(cleanMac(value)).toBeNull();
    }
    expect(cleanMac('52-54-00-77-00-0A')).toBe('52:54:00:77:00:0a');
    expect(cleanSerial(' 7QX1K73 ')).toBe('7qx1k73');
  });

  it('changes nothing that is clean, and never throws', () => {
    fc.assert(
      fc.property(
        fc.record({ uuid: maybe(fc.string()), serial: maybe(fc.string()), macs: fc.array(fc.string()) }),
        (raw) => {
          const once = cleanIdentity(raw);
          expect(cleanIdentity(once)).toEqual(once);
        },
      ),
    );
  });
});

describe('the score', () => {
  it('takes both byte orders of a UUID for one', () => {
    expect(swappedUuid(uuid)).toBe('44454c4c-4200-1052-8054-b7c04f4a3332');
    fc.assert(
      fc.property(uuids, (one) => {
        expect(swappedUuid(swappedUuid(one))).toBe(one);
        expect(uuidKey(swappedUuid(one))).toBe(uuidKey(one));
        expect(identityScore(identity({ uuid: one }), identity({ uuid: swappedUuid(one) }))).toBeGreaterThanOrEqual(
          sameMachineScore,
        );
      }),
    );
  });

  it('is symmetric, and never reached by MACs of machines that say they are different', () => {
    fc.assert(
      fc.property(identities, identities, (a, b) => {
        expect(identityScore(a, b)).toBe(identityScore(b, a));
      }),
    );
    fc.assert(
      fc.property(uuids, uuids, serials, serials, macs, (u1, u2, s1, s2, mac) => {
        fc.pre(uuidKey(u1) !== uuidKey(u2) && s1 !== s2);
        const [a, b] = [
          identity({ uuid: u1, serial: s1, macs: [mac] }),
          identity({ uuid: u2, serial: s2, macs: [mac] }),
        ];
        expect(identityScore(a, b)).toBeLessThan(sameMachineScore);
      }),
    );
  });
});

describe('finding the machine', () => {
  it('recognises a machine by everything it has, whatever else is known', () => {
    fc.assert(
      fc.property(
        identities,
        fc.uniqueArray(identities, { maxLength: 5, selector: (one) => JSON.stringify(one) }),
        (self, others) => {
          fc.pre(self.uuid !== null && self.serial !== null && self.macs.length > 0);
          const shares = (other: MachineIdentity) => identityScore(self, other) > 0;
          const known = [
            machine('self', self),
            ...others.filter((other) => !shares(other)).map((other, index) => machine(`other-${index}`, other)),
          ];
          expect(matchIdentity(self, known)).toMatchObject({ kind: 'same', machine: { id: 'self' } });
        },
      ),
    );
  });

  it('knows it again after its NIC, its board or its whole UUID was changed', () => {
    const known = [
      machine('a', { uuid, serial: '7qx1k73', boardSerial: 'b-0001', macs: ['52:54:00:00:00:01'] }),
      machine('b', { uuid: swappedUuid(uuid).replace(/^4/, '5'), serial: '7qx1k74', macs: ['52:54:00:00:00:02'] }),
    ];
    const seen = [
      identity({ uuid, serial: '7qx1k73', macs: ['52:54:00:00:00:99'] }),
      identity({ uuid: null, serial: '7qx1k73', boardSerial: 'b-0001', macs: ['52:54:00:00:00:01'] }),
      identity({ uuid: swappedUuid(uuid), serial: null, macs: ['52:54:00:00:00:01'] }),
    ];
    for (const one of seen) expect(matchIdentity(one, known)).toMatchObject({ kind: 'same', machine: { id: 'a' } });
  });

  it('does not give a machine away to whoever has its MAC', () => {
    const known = [machine('a', { uuid, serial: '7qx1k73', macs: ['52:54:00:00:00:01'] })];
    const other = identity({
      uuid: swappedUuid(uuid).replace(/^4/, '5'),
      serial: 'zz91111',
      macs: ['52:54:00:00:00:01'],
    });
    expect(matchIdentity(other, known)).toMatchObject({ kind: 'unknown' });
  });

  it('does not choose between two machines of which one value is shared', () => {
    const known = ['a', 'b'].map((id, index) => machine(id, { uuid, macs: [`52:54:00:00:00:0${index + 1}`] }));
    expect(matchIdentity(identity({ uuid, macs: ['52:54:00:00:00:09'] }), known)).toMatchObject({ kind: 'ambiguous' });
    expect(matchIdentity(identity({ uuid, macs: ['52:54:00:00:00:02'] }), known)).toMatchObject({
      kind: 'same',
      machine: { id: 'b' },
    });
  });

  it('goes by a MAC where nothing else was ever known', () => {
    const added = machine('a', { macs: ['52:54:00:00:00:01'] });
    const seen = identity({ uuid, serial: '7qx1k73', macs: ['52:54:00:00:00:01', '52:54:00:00:00:02'] });
    expect(matchIdentity(seen, [added])).toMatchObject({ kind: 'same', machine: { id: 'a' } });
    expect(mergeIdentity(added.identity, seen)).toEqual(seen);
  });
});
