import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { chooseDisk } from './choose-disk.ts';
import { type Disk, diskHintsSchema } from './disk-hints.ts';

const diskSchema = z.object({
  name: z.string(),
  serial: z.string().nullable(),
  wwn: z.string().nullable(),
  byPath: z.string().nullable(),
  model: z.string().nullable(),
  sizeBytes: z.number().nullable(),
  rotational: z.boolean().nullable(),
});
const casesSchema = z.array(
  z.object({
    name: z.string(),
    disks: z.array(diskSchema),
    hints: diskHintsSchema,
    result: z.union([z.object({ disk: z.string() }), z.object({ refused: z.enum(['none', 'several']) })]),
    reasons: z.record(z.string(), z.array(z.string())).optional(),
  }),
);
const cases = casesSchema.parse(
  JSON.parse(readFileSync(new URL('../fixtures/disk-hints.json', import.meta.url), 'utf8')),
);

describe('the disk that hints choose (the cases that the agent is tested against, too)', () => {
  it.each(cases)('$name', ({ disks, hints, result, reasons }) => {
    const choice = chooseDisk(disks, hints);
    if ('disk' in result) {
      expect(choice).toMatchObject({ ok: true, disk: { name: result.disk } });
      return;
    }
    const code = result.refused === 'none' ? 'no-disk-matches' : 'several-disks-match';
    expect(choice).toMatchObject({ ok: false, code, reasons });
    // Nobody should have to log in to see which disks there are.
    for (const { name, serial } of disks) {
      expect(choice).toMatchObject({ message: expect.stringContaining(name) as unknown });
      if (serial !== null) expect(choice).toMatchObject({ message: expect.stringContaining(serial) as unknown });
    }
  });

  it('says of each disk why it is not the one', () => {
    const disk = { name: 'sda', serial: 'A', wwn: null, byPath: null, model: 'M', sizeBytes: 5e9, rotational: true };
    expect(chooseDisk([disk], { serial: 'B', wwn: '0x5', minBytes: 6e9 })).toMatchObject({
      message:
        'no disk has serial B, wwn 0x5, minBytes 6000000000. sda (M, serial A, 5.0 GB): its serial is A, its wwn is not known, its size in bytes is 5000000000',
    });
  });
});

const word = fc.constantFrom('A', 'b', 'A1', 'x-1', 'naa.1');
const disk = fc.record({
  name: fc.constantFrom('sda', 'sdb', 'nvme0n1'),
  serial: fc.option(word),
  wwn: fc.option(word),
  byPath: fc.option(word),
  model: fc.option(word),
  sizeBytes: fc.option(fc.integer({ min: 1, max: 5 })),
  rotational: fc.option(fc.boolean()),
});
const disks = fc.uniqueArray(disk, { maxLength: 3, selector: ({ name }) => name });
const hints = fc.record(
  { serial: word, wwn: word, byPath: word, model: word, minBytes: fc.nat(5), rotational: fc.boolean() },
  { requiredKeys: [] },
);

describe('any disks and hints', () => {
  it('give one disk or a refusal, whatever the order of the disks', () => {
    fc.assert(
      fc.property(disks, hints, (some, wanted) => {
        const choice = chooseDisk(some, wanted);
        const turned = chooseDisk([...some].reverse(), wanted);
        expect(turned.ok ? turned.disk : turned.code).toEqual(choice.ok ? choice.disk : choice.code);
        const all: readonly Disk[] = some;
        expect(choice.ok ? all.includes(choice.disk) : Object.keys(choice.reasons)).toEqual(
          choice.ok ? true : some.map(({ name }) => name),
        );
      }),
    );
  });

  it('choose a disk by all that is known of it when no other has the same', () => {
    fc.assert(
      fc.property(disks, fc.nat(), (some, index) => {
        const one: Disk | undefined = some[index % Math.max(some.length, 1)];
        if (one === undefined) return;
        expect(chooseDisk(some, { name: one.name })).toMatchObject({ ok: true, disk: one });
        const { serial } = one;
        if (serial === null) return;
        const same = some.filter((other) => other.serial?.toLowerCase() === serial.toLowerCase()).length;
        expect(chooseDisk(some, { serial }).ok).toBe(same === 1);
      }),
    );
  });

  it('another hint never widens the choice', () => {
    fc.assert(
      fc.property(disks, hints, word, (some, wanted, serial) => {
        const before = chooseDisk(some, wanted);
        const after = chooseDisk(some, { serial, ...wanted });
        if (before.ok && after.ok) expect(after.disk).toBe(before.disk);
        if (!before.ok && before.code === 'no-disk-matches') expect(after).toMatchObject({ code: 'no-disk-matches' });
      }),
    );
  });
});
