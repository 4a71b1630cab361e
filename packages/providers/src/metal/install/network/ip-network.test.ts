import { isIPv6 } from 'node:net';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isWithin, parseIp, parseIpNetwork } from './ip-network.ts';

describe('addresses as numbers', () => {
  it('read every form of an IPv6 address that is valid', () => {
    fc.assert(
      fc.property(fc.ipV6(), (text) => {
        fc.pre(isIPv6(text));
        // A URL's host is written in the one form of RFC 5952.
        const canonical = new URL(`http://[${text}]/`).hostname.slice(1, -1);
        expect(parseIp(text)).toEqual(parseIp(canonical));
        expect(parseIp(text)?.family).toBe(6);
      }),
    );
  });

  it('are worth what they say', () => {
    expect(parseIp('10.77.0.1')).toEqual({ family: 4, value: 0x0a4d0001n });
    expect(parseIp('fd77::1')).toEqual({ family: 6, value: (0xfd77n << 112n) + 1n });
    expect(parseIp('::ffff:10.77.0.1')?.value).toBe(0xffff0a4d0001n);
    for (const text of ['010.0.0.1', '10.0.0', 'fe80::1%lan0', '', 'host']) expect(parseIp(text)).toBeNull();
    for (const text of ['10.0.0.1', '10.0.0.1/33', '10.0.0.1/024', '::/129', '10.0.0.1/8/8', '10.0.0.1/']) {
      expect(parseIpNetwork(text)).toBeNull();
    }
  });

  it('are within a network up to its last one', () => {
    const network = parseIpNetwork('10.77.4.0/22');
    const inside = ['10.77.4.0', '10.77.7.255', '10.77.8.0', '10.77.3.255', '::10.77.4.1'].map((text) => {
      const address = parseIp(text);
      return network !== null && address !== null && isWithin(address, network);
    });
    expect(inside).toEqual([true, true, false, false, false]);
  });
});
