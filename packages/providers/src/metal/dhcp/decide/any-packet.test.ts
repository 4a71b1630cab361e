import fc from 'fast-check';
import { expect, it } from 'vitest';
import { encodePacket } from '../codec/encode-packet.ts';
import { isHostAddress, limitedBroadcast } from '../codec/ipv4.ts';
import { option } from '../codec/option-codes.ts';
import { layout, magicCookie } from '../codec/packet.ts';
import { parsePacket } from '../codec/parse-packet.ts';
import { fuzzSettings, fuzzTimeoutMs } from '../../testing/fuzz-settings.ts';
import { labBoot, labSubnet } from '../testing/lab-network.ts';
import { arrivalOf, ip } from '../testing/packets.ts';
import { createWorld } from '../testing/world.ts';

/** Addresses that lead somewhere in the code, and any other. */
const address = fc.oneof(
  fc
    .constantFrom('0.0.0.0', '10.77.0.1', '10.77.0.10', '10.77.0.100', '10.77.0.101', '10.99.0.1', '255.255.255.255')
    .map(ip),
  fc.nat(0xffffffff),
);
const addressBytes = address.map((value) => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
});
const bytesUpTo = (maxLength: number) => fc.uint8Array({ maxLength }).map((bytes) => Buffer.from(bytes));
const anOption = fc.oneof(
  fc.tuple(fc.constantFrom(option.requestedAddress, option.serverIdentifier, option.subnetSelection), addressBytes),
  fc.tuple(
    fc.constant(option.maxMessageSize),
    fc.nat(0xffff).map((size) => Buffer.of(size >> 8, size & 255)),
  ),
  fc.tuple(
    fc.constant(option.leaseTime),
    fc.nat(0xffffffff).map((time) => Buffer.from(time.toString(16).padStart(8, '0'), 'hex')),
  ),
  fc.tuple(
    fc.constant(option.vendorClass),
    fc.constantFrom('PXEClient:Arch:00007', 'HTTPClient', 'x').map((text) => Buffer.from(text)),
  ),
  fc.tuple(
    fc.constant(option.userClass),
    fc.oneof(
      fc.constantFrom('iPXE', '\x04iPXE', '\x00').map((text) => Buffer.from(text)),
      bytesUpTo(40),
    ),
  ),
  fc.tuple(
    fc.constant(option.architecture),
    fc.nat(60).map((code) => Buffer.of(0, code)),
  ),
  fc.tuple(
    fc.constantFrom(option.agentInformation, option.vendorSpecific, option.machineIdentifier, option.clientIdentifier),
    bytesUpTo(255),
  ),
  fc.tuple(fc.integer({ min: 1, max: 254 }), bytesUpTo(255)),
);
const packet = fc
  .record({
    type: fc.integer({ min: 1, max: 8 }),
    ciaddr: fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, address),
    giaddr: fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, address),
    mac: fc.nat(6),
    options: fc.array(anOption, { maxLength: 12 }),
    tail: bytesUpTo(20),
  })
  .map(({ type, ciaddr, giaddr, mac, options, tail }) => {
    const fixed = Buffer.alloc(layout.options);
    fixed.set([1, 1, 6]);
    fixed.set([0x52, 0x54, 0, 0x77, 0, mac], layout.chaddr);
    fixed.writeUInt32BE(ciaddr, layout.ciaddr);
    fixed.writeUInt32BE(giaddr, layout.giaddr);
    fixed.writeUInt32BE(magicCookie, layout.magic);
    const parts = options.flatMap(([code, value]) => [Buffer.of(code, value.length), value]);
    return Buffer.concat([fixed, Buffer.of(option.messageType, 1, type), ...parts, Buffer.of(option.end), tail]);
  });

it(
  'whatever a client sends: no throw, no reply that is too long, none to where no client can be',
  () => {
    const { numRuns, seed } = fuzzSettings('DHCP decisions');
    const far = { name: 'far', cidr: '10.99.0.0/16', pools: [{ first: '10.99.1.0', last: '10.99.1.3' }] };
    const proxy = { name: 'proxy', cidr: '10.66.0.0/16', mode: 'proxy' };
    const world = createWorld({ subnets: [labSubnet, far, proxy], boot: { ...labBoot, rechainStockIpxe: true } });
    let replies = 0;
    fc.assert(
      fc.property(
        packet,
        fc.nat(4).map((port) => port === 0),
        address,
        (datagram, toBootServer, source) => {
          const parsed = parsePacket(datagram);
          if (!parsed.ok) return;
          world.nowMs += 500;
          const decision = world.take(parsed.packet, {
            ...arrivalOf(parsed.packet),
            toBootServer,
            sourceAddress: source,
          });
          if (decision.kind === 'silence') return;
          replies += 1;
          const { bytes } = encodePacket(decision.packet, decision.longest);
          expect(bytes.length).toBeLessThanOrEqual(1472);
          expect(bytes.length).toBeGreaterThanOrEqual(300);
          const again = parsePacket(bytes);
          expect(again.ok && [again.packet.op, again.packet.xid, again.packet.client]).toEqual([
            2,
            parsed.packet.xid,
            parsed.packet.client,
          ]);
          expect(decision.to.address === limitedBroadcast || isHostAddress(decision.to.address)).toBe(true);
          // An address that is given is one of a pool or a reservation, and nobody else's.
          const { yiaddr } = decision.packet;
          if (yiaddr === 0) return;
          const [subnet] = world.network.subnets.filter(
            ({ reservations, pools }) =>
              reservations.byAddress.has(yiaddr) || pools.some(({ first, last }) => yiaddr >= first && yiaddr <= last),
          );
          expect(subnet?.mode).toBe('serve');
          const holder = decision.type === 'ack' ? world.index.leaseAt(yiaddr) : world.index.offerAt(yiaddr);
          expect(holder?.client).toBe(parsed.packet.client);
        },
      ),
      { numRuns, seed },
    );
    // No growth: every address has one entry at most.
    expect([...world.index.leases()].length).toBeLessThanOrEqual(4 + 4 + 2);
    expect(replies).toBeGreaterThan(numRuns / 20);
  },
  fuzzTimeoutMs(),
);
