import { expect, it } from 'vitest';
import { formatIpv4 } from '../codec/ipv4.ts';
import { encodePacket } from '../codec/encode-packet.ts';
import { option } from '../codec/option-codes.ts';
import { addressValue } from '../codec/option-values.ts';
import { labSubnet } from '../testing/lab-network.ts';
import { ip, packetOf } from '../testing/packets.ts';
import { createWorld, optionOf } from '../testing/world.ts';

const mac = '52:54:00:00:00:0a';
const far = { name: 'far', cidr: '10.99.0.0/16', pools: [{ first: '10.99.1.0', last: '10.99.1.255' }] };
const world = () => createWorld({ subnets: [labSubnet, far] });
const link = Buffer.concat([Buffer.of(1, 2, 0x61, 0x62, 5, 4), addressValue(ip('10.99.0.1'))]);

it('answers to the relay, echoes option 82 whole and last, and keeps the flags', () => {
  const options = { [option.agentInformation]: link, [option.clientIdentifier]: 'me' };
  const reply = world().reply(packetOf('discover', { mac, giaddr: '10.77.0.9', flags: 0x8000, options }));
  expect(reply.to).toEqual({ address: ip('10.77.0.9'), port: 'relay' });
  expect(reply.packet).toMatchObject({ giaddr: ip('10.77.0.9'), flags: 0x8000 });
  expect(reply.packet.options.at(-1)).toEqual({ code: option.agentInformation, value: link });
  const { bytes } = encodePacket(reply.packet, reply.longest);
  expect(bytes.indexOf(Buffer.concat([Buffer.of(82, link.length), link, Buffer.of(255)]))).toBeGreaterThan(240);
});

it('chooses the subnet by link selection, subnet selection, relay, then listener', () => {
  const w = world();
  const select = { [option.subnetSelection]: addressValue(ip('10.99.0.7')) };
  const of = (giaddr: string, options = {}) =>
    formatIpv4(w.reply(packetOf('discover', { mac, giaddr, options })).packet.yiaddr);
  expect(
    of('10.77.0.9', { [option.agentInformation]: link, [option.subnetSelection]: addressValue(ip('10.77.0.9')) }),
  ).toBe('10.99.1.0');
  expect(of('10.77.0.9', select)).toBe('10.99.1.0');
  expect(of('10.99.0.1')).toBe('10.99.1.0');
  expect(of('0.0.0.0')).toBe('10.77.0.100');
  expect(optionOf(w.reply(packetOf('discover', { mac, options: select })), option.subnetSelection)).toBe('0a630007');
});

it('says nothing to a link that is none of ours, to a relay that may not ask, or to none', () => {
  const w = createWorld({ subnets: [labSubnet, far], relays: ['10.99.0.0/24'] });
  const elsewhere = Buffer.concat([Buffer.of(5, 4), addressValue(ip('172.16.0.1'))]);
  const options = { [option.agentInformation]: elsewhere };
  expect(w.silent(packetOf('discover', { mac, giaddr: '10.99.0.1', options }))).toBe('no-subnet');
  expect(w.silent(packetOf('discover', { mac, giaddr: '10.77.0.9' }))).toBe('unknown-relay');
  expect(w.silent(packetOf('discover', { mac, giaddr: '224.0.0.1' }))).toBe('unknown-relay');
  expect(w.silent(packetOf('discover', { mac, giaddr: '255.255.255.255' }))).toBe('unknown-relay');
  expect(w.silent(packetOf('discover', { mac }), { unicastOnly: true })).toBe('no-subnet');
});

it('a NAK through a relay asks it to broadcast', () => {
  const options = { [option.requestedAddress]: addressValue(ip('10.77.0.5')) };
  const reply = world().reply(packetOf('request', { mac, giaddr: '10.99.0.1', options }));
  expect([reply.type, reply.packet.flags, reply.to]).toEqual([
    'nak',
    0x8000,
    { address: ip('10.99.0.1'), port: 'relay' },
  ]);
  expect(reply.packet.options.map(({ code }) => code)).toEqual([
    option.messageType,
    option.serverIdentifier,
    option.message,
  ]);
});

it('calls itself what the relay wants, and answers to that name (RFC 5107)', () => {
  const w = world();
  const agent = { [option.agentInformation]: Buffer.concat([Buffer.of(11, 4), addressValue(ip('10.99.0.1'))]) };
  const offer = w.reply(packetOf('discover', { mac, giaddr: '10.99.0.1', options: agent }));
  expect(optionOf(offer, option.serverIdentifier)).toBe('0a630001');
  const chosen = {
    ...agent,
    [option.serverIdentifier]: addressValue(ip('10.99.0.1')),
    [option.requestedAddress]: addressValue(offer.packet.yiaddr),
  };
  expect(w.reply(packetOf('request', { mac, giaddr: '10.99.0.1', options: chosen })).type).toBe('ack');
});

it('a routed client renews on its own network; a broken option 82 is echoed but not believed', () => {
  const w = world();
  const broken = {
    [option.agentInformation]: Buffer.of(1, 200, 1),
    [option.requestedAddress]: addressValue(ip('10.99.1.9')),
  };
  const offer = w.reply(packetOf('discover', { mac, giaddr: '10.99.0.1', options: broken }));
  expect(optionOf(offer, option.agentInformation)).toBe('01c801');
  const address = formatIpv4(offer.packet.yiaddr);
  const request = {
    [option.serverIdentifier]: addressValue(ip('10.77.0.1')),
    [option.requestedAddress]: addressValue(ip(address)),
  };
  expect(w.reply(packetOf('request', { mac, giaddr: '10.99.0.1', options: request })).type).toBe('ack');
  const renewal = w.reply(packetOf('request', { mac, ciaddr: address }), { unicastOnly: true });
  expect([renewal.type, renewal.to]).toEqual(['ack', { address: ip(address), port: 'client' }]);
});
