import fc from 'fast-check';
import { expect, it } from 'vitest';
import { formatIpv4, isHostAddress, isWithin, maskOf, parseCidr, parseIpv4 } from './ipv4.ts';

it('reads what it writes', () => {
  fc.assert(fc.property(fc.nat(0xffffffff), (address) => parseIpv4(formatIpv4(address)) === address));
});

it.each([
  '',
  '1',
  '1.2.3',
  '1.2.3.4.5',
  '1.2.3.',
  '.1.2.3',
  '1..2.3',
  '256.1.1.1',
  '01.2.3.4',
  '1.2.3.4 ',
  '1.2.3.-4',
  '1.2.3.٣',
  '0x1.2.3.4',
])('is no address: "%s"', (text) => {
  expect(parseIpv4(text)).toBeNull();
});

it('knows networks', () => {
  expect(parseCidr('10.0.0.0/8')).toEqual({ base: 0x0a000000, prefixLength: 8 });
  expect(['10.0.0.0', '10.0.0.0/33', '10.0.0.0/8/8', '10.0.0/8', '10.0.0.0/ 8'].map(parseCidr)).toEqual([
    null,
    null,
    null,
    null,
    null,
  ]);
  expect([0, 1, 24, 32].map(maskOf)).toEqual([0, 0x80000000, 0xffffff00, 0xffffffff]);
  const everything = { base: 0, prefixLength: 0 };
  expect(isWithin(0xffffffff, everything)).toBe(true);
  expect([0, 0x00000001, 0x7f000001, 0xe0000001, 0xffffffff, 0x0a000001].map(isHostAddress)).toEqual([
    ...[false, false, false, false, false],
    true,
  ]);
});
