import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  freeAddress,
  gatewayOf,
  inSubnet,
  macOf,
  nodeAddress,
  nodeCapacity,
  overlaps,
  parseSubnet,
  type Subnet,
} from './addresses.ts';

const subnets = fc
  .record({ address: fc.ipV4(), prefixLength: fc.integer({ min: 16, max: 29 }) })
  .map(({ address, prefixLength }) => parseSubnet(`${address}/${prefixLength}`))
  .filter((subnet): subnet is Subnet => subnet !== null);

const required = (cidr: string): Subnet => {
  const subnet = parseSubnet(cidr);
  if (subnet === null) throw new Error(`${cidr} is no subnet`);
  return subnet;
};

describe('addresses of a subnet', () => {
  it('start at ten where there is room', () => {
    const subnet = required('10.77.0.0/24');
    expect([gatewayOf(subnet), nodeAddress(subnet, 0), nodeCapacity(subnet)]).toEqual(['10.77.0.1', '10.77.0.11', 253]);
  });

  it('are all given out, each once, and none is the gateway', () => {
    fc.assert(
      fc.property(subnets, fc.integer({ min: 1, max: 40 }), (subnet, count) => {
        const taken = new Set<string>();
        for (let node = 0; node < Math.min(count, nodeCapacity(subnet)); node += 1) {
          const address = freeAddress(subnet, taken);
          expect(address).not.toBeNull();
          if (address === null) return;
          expect(inSubnet(subnet, address)).toBe(true);
          expect(address).not.toBe(gatewayOf(subnet));
          expect(taken.has(address)).toBe(false);
          taken.add(address);
        }
        if (count >= nodeCapacity(subnet)) expect(freeAddress(subnet, taken)).toBeNull();
      }),
    );
  });

  it('are given again when they are free again, lowest first', () => {
    const subnet = required('10.77.0.0/24');
    expect(freeAddress(subnet, new Set(['10.77.0.11', '10.77.0.13']))).toBe('10.77.0.12');
  });

  it('each have a MAC of their own, the same every time', () => {
    expect(macOf('10.77.0.11')).toBe('02:4d:0a:4d:00:0b');
    fc.assert(
      fc.property(fc.ipV4(), fc.ipV4(), (a, b) => {
        expect(macOf(a) === macOf(b)).toBe(a === b);
      }),
    );
  });

  it('overlap both ways or not at all', () => {
    fc.assert(fc.property(subnets, subnets, (a, b) => overlaps(a, b) === overlaps(b, a) && overlaps(a, a)));
    expect(overlaps(required('10.77.0.0/16'), required('10.77.3.0/24'))).toBe(true);
    expect(overlaps(required('10.77.0.0/24'), required('10.77.1.0/24'))).toBe(false);
  });

  it('of what is no subnet are refused', () => {
    for (const text of ['10.77.0.0', '10.77.0.0/30', '10.77.0.0/7', '10.77.0.256/24', 'fd00::/64', '']) {
      expect(parseSubnet(text)).toBeNull();
    }
  });
});
