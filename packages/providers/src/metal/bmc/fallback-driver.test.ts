import { describe, expect, it } from 'vitest';
import { failureOf } from '../../provider-error.ts';
import { bmcError, bmcFailures } from './bmc-failures.ts';
import type { BmcDriver } from './driver.ts';
import { withFallback } from './fallback-driver.ts';

const signal = new AbortController().signal;
const driver = (power: BmcDriver['power'], more: Partial<BmcDriver> = {}): BmcDriver => ({
  kind: 'ipmi',
  power,
  setPower: () => Promise.resolve(),
  close: () => Promise.resolve(),
  ...more,
});

describe('a fall-back driver', () => {
  it('is asked where the first does not understand the BMC, and from then on at once', async () => {
    let asked = 0;
    const codes: string[] = [];
    const first = driver(() => {
      asked += 1;
      return Promise.reject(bmcError(bmcFailures.garbled('it', 'reasons')));
    });
    const both = withFallback(
      first,
      driver(() => Promise.resolve('on')),
      (code) => codes.push(code),
    );
    expect([await both.power(signal), await both.power(signal), asked, codes]).toEqual([
      'on',
      'on',
      1,
      ['garbled-answer'],
    ]);
  });

  it('is not asked where the BMC is silent or refuses us: that would lock the account', async () => {
    let asked = 0;
    const second = driver(() => {
      asked += 1;
      return Promise.resolve('on');
    });
    for (const failure of [bmcFailures.noAnswer('it'), bmcFailures.badCredentials('rakp2-code', 'no')]) {
      const both = withFallback(
        driver(() => Promise.reject(bmcError(failure))),
        second,
        () => undefined,
      );
      const seen = await both.power(signal).catch((error: unknown) => failureOf(error));
      expect(seen).toEqual(failure);
    }
    expect(asked).toBe(0);
  });

  it('adds no ability and takes none away', async () => {
    const first = driver(() => Promise.resolve('on'), {
      identify: () => Promise.reject(bmcError(bmcFailures.garbled('it', 'reasons'))),
      events: () => Promise.resolve([]),
    });
    const both = withFallback(
      first,
      driver(() => Promise.resolve('on'), { coldReset: () => Promise.resolve() }),
      () => undefined,
    );
    expect(both.coldReset).toBeUndefined();
    expect(await both.events?.(1, signal)).toEqual([]);
    expect(await both.identify?.(1, signal).catch((error: unknown) => failureOf(error))).toMatchObject({
      code: 'garbled-answer',
    });
  });
});
