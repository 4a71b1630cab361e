import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bootPatches, bootSeen, canBootFrom } from './boot-override.ts';
import { powerOf } from './power.ts';
import { json, redfishFailure } from './redfish-failure.ts';
import { redfishQuirks } from './redfish-quirks.ts';
import * as schemas from './resource-schemas.ts';

const numRuns = Math.min(Number(process.env['FORMWORK_FUZZ_PACKETS'] ?? '20000'), 100_000) / 10;
const seed = Number(process.env['FORMWORK_TEST_SEED'] ?? '20261120');

const known = fc.constantFrom(
  ...['Members', 'Links', 'Sessions', 'Boot', 'Actions', '#ComputerSystem.Reset', 'target', '@odata.id', 'PowerState'],
  ...['BootSourceOverrideTarget', 'MediaTypes', 'Systems', 'error', '@Message.ExtendedInfo', 'MessageId', 'Parameters'],
);
/** JSON with names that mean something to us, in the wrong places and with the wrong types. */
const { value: foreign } = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.constantFrom(null, true, 0, -1, 'On', '', 'Pxe', 'http://evil/', '/redfish/v1'),
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(known, tie('value'), { maxKeys: 5 }),
  ),
}));

describe('what a Redfish service answers', () => {
  it('is read or refused, whatever JSON it is, and never breaks what follows', () => {
    fc.assert(
      fc.property(foreign, (value) => {
        for (const schema of [
          schemas.rootSchema,
          schemas.collectionSchema,
          schemas.virtualMediaSchema,
          schemas.actionInfoSchema,
        ]) {
          expect(typeof schema.safeParse(value).success).toBe('boolean');
        }
        const system = schemas.systemSchema.safeParse(value);
        if (!system.success) return;
        expect(['on', 'off', 'unknown']).toContain(powerOf(system.data.PowerState));
        expect(bootSeen(system.data.Boot).device).toEqual(expect.any(String));
        canBootFrom(system.data.Boot, 'pxe');
        const patches = bootPatches(
          system.data.Boot,
          { device: 'pxe', persistent: false, efi: true },
          redfishQuirks(system.data.Manufacturer),
        );
        expect(patches.length).toBeGreaterThan(0);
      }),
      { numRuns, seed },
    );
  });

  it('never brings its own text into a failure, only ids', () => {
    fc.assert(
      fc.property(fc.oneof(fc.json(), fc.string()), fc.integer({ min: 300, max: 599 }), (body, status) => {
        const failure = redfishFailure({ status, headers: new Map(), body }, 'x', 0);
        expect(failure.code).toMatch(/^(http-\d{3}|redfish-[\w.-]{1,100})$/);
      }),
      { numRuns, seed },
    );
    expect(json('{')).toBeUndefined();
    const quoting = { error: { code: 'Base.1.0.PropertyValueError', message: 'The value hunter2 is wrong' } };
    expect(
      JSON.stringify(redfishFailure({ status: 400, headers: new Map(), body: JSON.stringify(quoting) }, 'x', 0)),
    ).not.toContain('hunter2');
  });
});
