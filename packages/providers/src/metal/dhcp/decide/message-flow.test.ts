import { describe, expect, it } from 'vitest';
import { formatIpv4 } from '../codec/ipv4.ts';
import { option } from '../codec/option-codes.ts';
import { addressValue, secondsValue } from '../codec/option-values.ts';
import { labSubnet } from '../testing/lab-network.ts';
import { ip, packetOf, type PacketOptions } from '../testing/packets.ts';
import { createWorld, optionOf, textOptionOf, type World } from '../testing/world.ts';
import type { ReplyDecision } from './context.ts';

const a = '52:54:00:00:00:0a';
const b = '52:54:00:00:00:0b';
const server = addressValue(ip('10.77.0.1'));
const given = (reply: ReplyDecision): string => formatIpv4(reply.packet.yiaddr);
const asked = (address: string, more: PacketOptions = {}): PacketOptions => ({
  [option.requestedAddress]: addressValue(ip(address)),
  ...more,
});
const selecting = (address: string) => asked(address, { [option.serverIdentifier]: server });

function lease(world: World, mac: string): string {
  const address = given(world.reply(packetOf('discover', { mac })));
  expect(world.reply(packetOf('request', { mac, options: selecting(address) })).type).toBe('ack');
  return address;
}

describe('DISCOVER', () => {
  it('offers the address that is free for longest, to each client its own', () => {
    const world = createWorld();
    expect(given(world.reply(packetOf('discover', { mac: a })))).toBe('10.77.0.100');
    expect(given(world.reply(packetOf('discover', { mac: b })))).toBe('10.77.0.101');
    expect(given(world.reply(packetOf('discover', { mac: a })))).toBe('10.77.0.100');
  });

  it('offers the address asked for when it is free, and the last one before that', () => {
    const world = createWorld();
    expect(given(world.reply(packetOf('discover', { mac: a, options: asked('10.77.0.102') })))).toBe('10.77.0.102');
    expect(given(world.reply(packetOf('discover', { mac: b, options: asked('10.77.0.102') })))).toBe('10.77.0.100');
    expect(given(world.reply(packetOf('discover', { mac: b, options: asked('10.77.0.50') })))).toBe('10.77.0.100');
    const own = lease(world, a);
    world.nowMs += 4000 * 1000;
    expect(given(world.reply(packetOf('discover', { mac: a, options: asked('10.77.0.103') })))).toBe(own);
  });

  it('says nothing when nothing is free, and offers again what an offer held', () => {
    const world = createWorld();
    for (const last of ['1a', '1b', '1c', '1d']) world.reply(packetOf('discover', { mac: `52:54:00:00:00:${last}` }));
    expect(world.silent(packetOf('discover', { mac: a }))).toBe('no-free-address');
    world.nowMs += 31_000;
    expect(given(world.reply(packetOf('discover', { mac: a })))).toBe('10.77.0.100');
  });

  it('gives a reservation by MAC whatever the client identifier, also outside of the pools', () => {
    const world = createWorld();
    for (const identifier of [Buffer.from('01525400770001', 'hex'), Buffer.from('ff0001', 'hex')]) {
      const packet = packetOf('discover', { options: { [option.clientIdentifier]: identifier } });
      const reply = world.reply(packet);
      expect(given(reply)).toBe('10.77.0.10');
      expect(optionOf(reply, option.clientIdentifier)).toBe(identifier.toString('hex'));
    }
  });

  it('gives a makeshift address for a short time while somebody sits on the reservation', () => {
    const world = createWorld();
    world.index.apply(
      { kind: 'grant', address: ip('10.77.0.10'), client: '525400000b0b', untilMs: world.nowMs + 1000, hostname: '' },
      world.nowMs,
      () => 1,
    );
    const reply = world.reply(packetOf('discover'));
    expect([given(reply), optionOf(reply, option.leaseTime)]).toEqual(['10.77.0.100', '0000012c']);
    world.reply(packetOf('request', { options: selecting('10.77.0.100') }));
    world.nowMs += 2000;
    expect(world.reply(packetOf('request', { ciaddr: '10.77.0.100' })).type).toBe('nak');
    expect(given(world.reply(packetOf('discover')))).toBe('10.77.0.10');
  });

  it('knows a switch port by option 82 of a relay, and by nobody else', () => {
    const world = createWorld();
    const agent = { [option.agentInformation]: Buffer.from('\x01\x06eth1/7\x02\x03sw1') };
    const relayed = packetOf('discover', { mac: a, giaddr: '10.77.0.2', options: agent });
    expect(given(world.reply(relayed))).toBe('10.77.0.11');
    expect(given(world.reply(packetOf('discover', { mac: b, options: agent })))).toBe('10.77.0.100');
    const trusting = createWorld({ subnets: [{ ...labSubnet, trustDirectAgent: true }] });
    expect(given(trusting.reply(packetOf('discover', { mac: b, options: agent })))).toBe('10.77.0.11');
  });
});

describe('REQUEST', () => {
  it('selecting: acknowledges what was offered, also when the offer was forgotten', () => {
    const world = createWorld();
    expect(lease(world, a)).toBe('10.77.0.100');
    const reply = world.reply(packetOf('request', { mac: b, options: selecting('10.77.0.103') }));
    expect([reply.type, given(reply)]).toEqual(['ack', '10.77.0.103']);
    expect(reply.change).toMatchObject({ kind: 'grant', client: '52540000000b', untilMs: world.nowMs + 3600 * 1000 });
    expect([option.leaseTime, option.renewalTime, option.rebindingTime].map((code) => optionOf(reply, code))).toEqual([
      '00000e10',
      '00000708',
      '00000c4e',
    ]);
  });

  it('selecting: says no to what another has, to what is for another, and to another network', () => {
    const world = createWorld();
    const taken = lease(world, a);
    for (const [address, why] of [
      [taken, 'is not free'],
      ['10.77.0.10', 'is not for this client'],
      ['10.77.0.1', 'is not for this client'],
      ['10.77.0.50', 'is not for this client'],
      ['192.168.1.5', 'is not of this network'],
    ] as const) {
      const reply = world.reply(packetOf('request', { mac: b, options: selecting(address) }));
      expect([reply.type, reply.why]).toEqual(['nak', `${address} ${why}`]);
      expect(reply.to).toEqual({ address: 0xffffffff, port: 'client' });
    }
  });

  it('selecting: another server was chosen, the offer is withdrawn', () => {
    const world = createWorld();
    world.reply(packetOf('discover', { mac: a }));
    const options = asked('10.77.0.100', { [option.serverIdentifier]: addressValue(ip('10.77.0.9')) });
    expect(world.silent(packetOf('request', { mac: a, options }))).toBe('other-server');
    expect(world.index.offerAt(ip('10.77.0.100'))).toBeNull();
    expect(world.network.subnets.map((subnet) => world.index.freeCount(subnet))).toEqual([4]);
  });

  it('init-reboot: its own address, a wrong network, an unknown client', () => {
    const world = createWorld();
    const own = lease(world, a);
    expect(world.reply(packetOf('request', { mac: a, options: asked(own) })).type).toBe('ack');
    expect(world.reply(packetOf('request', { mac: a, options: asked('192.168.7.7') })).type).toBe('nak');
    expect(world.reply(packetOf('request', { mac: b, options: asked(own) })).type).toBe('nak');
    expect(world.reply(packetOf('request', { mac: b, options: asked('10.77.0.103') })).type).toBe('nak');
  });

  it('init-reboot: silence where another server may know', () => {
    const world = createWorld({ subnets: [{ ...labSubnet, authoritative: false }] });
    const own = lease(world, a);
    expect(world.reply(packetOf('request', { mac: a, options: asked(own) })).type).toBe('ack');
    expect(world.silent(packetOf('request', { mac: a, options: asked('192.168.7.7') }))).toBe('not-authoritative');
    expect(world.silent(packetOf('request', { mac: b, options: asked('10.77.0.103') }))).toBe('not-authoritative');
  });

  it('renewing and rebinding: extends, also after the end while nobody else got the address', () => {
    const world = createWorld();
    const own = lease(world, a);
    world.nowMs += 1800 * 1000;
    const reply = world.reply(packetOf('request', { mac: a, ciaddr: own }));
    expect(reply.to).toEqual({ address: ip(own), port: 'client' });
    expect(reply.packet.ciaddr).toBe(ip(own));
    world.nowMs += 9000 * 1000;
    expect(world.reply(packetOf('request', { mac: a, ciaddr: own })).type).toBe('ack');
    expect(world.reply(packetOf('request', { mac: b, ciaddr: own })).type).toBe('nak');
  });

  it('takes nothing back of a longer lease when firmware asks for a short one', () => {
    const world = createWorld();
    const own = lease(world, a);
    const pxe = { [option.vendorClass]: 'PXEClient', [option.architecture]: Buffer.of(0, 0) };
    const reply = world.reply(packetOf('request', { mac: a, options: { ...selecting(own), ...pxe } }));
    expect(optionOf(reply, option.leaseTime)).toBe('0000012c');
    expect(reply.change).toMatchObject({ untilMs: world.nowMs + 3600 * 1000 });
  });

  it('gives no longer than the client wants, and no shorter than a minute', () => {
    const world = createWorld();
    const times = [10, 600, 999_999].map((seconds) =>
      optionOf(
        world.reply(packetOf('discover', { mac: a, options: { [option.leaseTime]: secondsValue(seconds) } })),
        option.leaseTime,
      ),
    );
    expect(times).toEqual(['0000003c', '00000258', '00000e10']);
  });

  it('names no address: silence', () => {
    expect(createWorld().silent(packetOf('request', { mac: a }))).toBe('no-address-named');
  });
});

describe('DECLINE, RELEASE, INFORM', () => {
  it('a declined address rests, and is then free', () => {
    const world = createWorld();
    const own = lease(world, a);
    expect(world.silent(packetOf('decline', { mac: a, options: selecting(own) }))).toBe('declined');
    expect(given(world.reply(packetOf('discover', { mac: a })))).not.toBe(own);
    expect(world.reply(packetOf('request', { mac: b, options: selecting(own) })).type).toBe('nak');
    world.nowMs += 601_000;
    expect(world.reply(packetOf('request', { mac: b, options: selecting(own) })).type).toBe('ack');
  });

  it('nobody declines or releases what another has', () => {
    const world = createWorld();
    const own = lease(world, a);
    expect(world.silent(packetOf('decline', { mac: b, options: selecting(own) }))).toBe('not-its-lease');
    expect(world.silent(packetOf('decline', { mac: b, options: selecting('10.77.0.103') }))).toBe('not-its-lease');
    const release = { mac: b, ciaddr: own, options: { [option.serverIdentifier]: server } };
    expect(world.silent(packetOf('release', release))).toBe('not-its-lease');
    expect(world.silent(packetOf('release', { ...release, mac: a, options: {} }))).toBe('other-server');
    expect(world.reply(packetOf('request', { mac: a, ciaddr: own })).type).toBe('ack');
  });

  it('a released address is free for others, and the first choice for its client', () => {
    const world = createWorld();
    const own = lease(world, a);
    expect(
      world.silent(packetOf('release', { mac: a, ciaddr: own, options: { [option.serverIdentifier]: server } })),
    ).toBe('released');
    expect(given(world.reply(packetOf('discover', { mac: a })))).toBe(own);
    world.nowMs += 31_000;
    expect(world.reply(packetOf('request', { mac: b, options: selecting(own) })).type).toBe('ack');
  });

  it('INFORM: the configuration without address and times', () => {
    const world = createWorld();
    const reply = world.reply(
      packetOf('inform', { mac: a, ciaddr: '10.77.0.77', options: { [option.parameterList]: Buffer.of(6) } }),
    );
    expect([reply.type, given(reply), reply.change]).toEqual(['ack', '0.0.0.0', null]);
    expect(reply.to).toEqual({ address: ip('10.77.0.77'), port: 'client' });
    expect([optionOf(reply, option.dnsServers), optionOf(reply, option.leaseTime)]).toEqual(['0a4d0002', undefined]);
    expect(world.silent(packetOf('inform', { mac: a }))).toBe('no-address-named');
  });

  it('leaves alone what is no client or no message of one', () => {
    const world = createWorld();
    expect(world.silent({ ...packetOf('discover'), op: 2 })).toBe('not-a-request');
    expect(world.silent(packetOf('offer'))).toBe('unsupported-type');
    expect(world.silent({ ...packetOf('discover'), messageType: 13 })).toBe('unsupported-type');
    expect(world.silent(packetOf('request', { ciaddr: '255.255.255.255' }))).toBe('foreign-address');
    expect(world.silent(packetOf('request', { ciaddr: '127.0.0.1' }))).toBe('foreign-address');
  });
});

it('the hostname is the reservation’s, else the node’s, else what the client calls itself', () => {
  const wanted = { [option.parameterList]: Buffer.of(option.hostname) };
  const world = createWorld({ nodes: [{ macs: [a], hostname: 'node-a' }] });
  expect(textOptionOf(world.reply(packetOf('discover', { options: wanted })), option.hostname)).toBe('reserved');
  expect(textOptionOf(world.reply(packetOf('discover', { mac: a, options: wanted })), option.hostname)).toBe('node-a');
  const named = { ...wanted, [option.hostname]: 'self' };
  expect(textOptionOf(world.reply(packetOf('discover', { mac: b, options: named })), option.hostname)).toBe('self');
  const nasty = { ...wanted, [option.hostname]: 'x;reboot' };
  expect(textOptionOf(world.reply(packetOf('discover', { mac: b, options: nasty })), option.hostname)).toBeUndefined();
});
