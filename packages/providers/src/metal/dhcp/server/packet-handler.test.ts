import { afterEach, describe, expect, it } from 'vitest';
import { encodePacket } from '../codec/encode-packet.ts';
import { messageType, option } from '../codec/option-codes.ts';
import { addressValue } from '../codec/option-values.ts';
import { type DhcpPacket } from '../codec/packet.ts';
import { parsePacket } from '../codec/parse-packet.ts';
import { compileNetwork } from '../configuration/compile-network.ts';
import { parseDhcpConfiguration } from '../configuration/parse-configuration.ts';
import { type LeaseStore, openLeaseStore } from '../leases/lease-store.ts';
import { createPowerCutDisk } from '../leases/testing/power-cut-disk.ts';
import { labSubnet } from '../testing/lab-network.ts';
import { ip, packetOf } from '../testing/packets.ts';
import { newCounters } from './counters.ts';
import type { DhcpEvent } from './dhcp-event.ts';
import { readOtherServer } from './other-servers.ts';
import { createPacketHandler } from './packet-handler.ts';
import type { Endpoint } from './sockets.ts';

interface Sent {
  readonly packet: DhcpPacket;
  readonly to: string;
}

const stores: LeaseStore[] = [];
afterEach(async () => {
  for (const store of stores.splice(0)) await store.close();
});

/** The server behind its sockets: datagrams in, datagrams out, a disk that can be stopped. */
async function behindSockets(more: Readonly<Record<string, unknown>> = {}, taken: readonly string[] | null = null) {
  const checked = parseDhcpConfiguration({ listen: [{ address: '10.77.0.1' }], subnets: [labSubnet], ...more });
  if (!checked.ok) throw new Error(JSON.stringify(checked.problems));
  const network = compileNetwork(checked.value);
  const disk = createPowerCutDisk();
  const store = await openLeaseStore({
    disk,
    network,
    gatherMs: 0,
    onCommitted: () => undefined,
    onFailure: () => undefined,
  });
  stores.push(store);
  const sent: Sent[] = [];
  const events: DhcpEvent[] = [];
  const counters = newCounters();
  const time = { nowMs: 1_000_000 };
  const handle = createPacketHandler({
    configuration: checked.value,
    network: () => network,
    store,
    counters,
    now: () => time.nowMs,
    probe: taken === null ? null : (address) => Promise.resolve(taken.map(ip).includes(address)),
    isOwnProbe: (xid) => xid === 0xdead,
    onEvent: (event) => events.push(event),
  });
  const endpoint: Endpoint = {
    serverAddress: ip('10.77.0.1'),
    toBootServer: false,
    unicastOnly: false,
    send: (bytes, port, address) => {
      const parsed = parsePacket(bytes);
      if (!parsed.ok) throw new Error(parsed.reason);
      sent.push({ packet: parsed.packet, to: `${address}:${port}` });
    },
  };
  const hear = (datagram: Buffer): void =>
    handle(datagram, { address: '0.0.0.0', port: 68, family: 'IPv4', size: datagram.length }, endpoint);
  return { disk, sent, events, counters, time, hear, store };
}

const datagram = (packet: DhcpPacket): Buffer =>
  encodePacket(
    { ...packet, sname: '', file: '', options: [...packet.options].map(([code, value]) => ({ code, value })) },
    1472,
  ).bytes;
const mac = '52:54:00:00:00:0a';
const request = (last: number): DhcpPacket =>
  packetOf('request', {
    mac,
    options: {
      [option.serverIdentifier]: addressValue(ip('10.77.0.1')),
      [option.requestedAddress]: addressValue(ip(`10.77.0.${last}`)),
    },
  });

describe('the packet handler', () => {
  it('offers at once, and acknowledges when the disk has it', async () => {
    const { disk, sent, hear } = await behindSockets();
    disk.allow('none');
    hear(datagram(packetOf('discover', { mac })));
    expect(sent.map(({ packet, to }) => [packet.messageType, to])).toEqual([[messageType.offer, '255.255.255.255:68']]);
    hear(datagram(request(100)));
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(sent.length).toBe(1);
    disk.allow('all');
    await expect.poll(() => sent.length).toBe(2);
    expect(sent[1]?.packet.messageType).toBe(messageType.ack);
  });

  it('acknowledges nothing while the disk fails or is too far behind', async () => {
    const { disk, sent, hear, counters, store } = await behindSockets({ limits: { pendingCommits: 1 } });
    disk.allow('none');
    for (const last of [100, 101, 102, 103]) hear(datagram({ ...request(last), client: '' }));
    expect(counters.overloaded).toBe(3);
    disk.allow('fail');
    await expect.poll(() => store.failed()).toBe(true);
    hear(datagram(request(100)));
    expect([counters.overloaded, sent.length]).toEqual([4, 0]);
    disk.allow('all');
  });

  it('counts rubbish, answers none of it, and does not answer its own question', async () => {
    const { sent, hear, counters } = await behindSockets();
    hear(Buffer.of(1));
    hear(Buffer.alloc(300));
    hear(datagram(packetOf('discover', { mac, xid: 0xdead })));
    expect([counters.received, counters.malformed, sent.length]).toEqual([
      3,
      { 'too-short': 1, 'bad-operation': 1 },
      0,
    ]);
  });

  it('lets one client send only so much', async () => {
    const { sent, hear, counters, time } = await behindSockets({ limits: { packetsPerSecond: 1, burst: 3 } });
    for (let count = 0; count < 10; count += 1) hear(datagram(packetOf('discover', { mac })));
    expect([sent.length, counters.limited]).toEqual([3, 7]);
    hear(datagram(packetOf('discover', { mac: '52:54:00:00:00:0b' })));
    time.nowMs += 1000;
    hear(datagram(packetOf('discover', { mac })));
    expect(sent.length).toBe(5);
  });

  it('probes an address it never gave, and rests it when somebody has it', async () => {
    const { sent, hear, events, counters } = await behindSockets({ conflictProbe: { enabled: true } }, ['10.77.0.100']);
    hear(datagram(packetOf('discover', { mac })));
    await expect.poll(() => sent.length).toBe(1);
    expect(sent[0]?.packet.yiaddr).toBe(ip('10.77.0.101'));
    expect([counters.conflicts, events]).toEqual([
      1,
      [{ kind: 'conflict', address: '10.77.0.100', client: mac, found: 'probed' }],
    ]);
  });

  it('lets firmware of a machine that it knows not wait for a probe', async () => {
    const { sent, hear } = await behindSockets({ conflictProbe: { enabled: true }, nodes: [{ macs: [mac] }] }, [
      '10.77.0.100',
    ]);
    hear(datagram(packetOf('discover', { mac, options: { [option.vendorClass]: 'PXEClient' } })));
    expect(sent.map(({ packet }) => packet.yiaddr)).toEqual([ip('10.77.0.100')]);
  });

  it('tells of a client that gets nowhere with its loader', async () => {
    const { hear, events, sent } = await behindSockets();
    const options = { [option.vendorClass]: 'PXEClient', [option.architecture]: Buffer.of(0, 0) };
    for (let xid = 1; xid <= 6; xid += 1) {
      const base = request(100);
      hear(
        datagram({ ...base, xid, options: new Map([...base.options, ...packetOf('request', { options }).options]) }),
      );
      await expect.poll(() => sent.length).toBe(xid);
    }
    expect(events).toEqual([{ kind: 'boot-loop', client: mac }]);
    expect(sent.map(({ packet }) => packet.options.has(option.bootFileName))).toEqual([
      true,
      true,
      true,
      true,
      true,
      false,
    ]);
  });
});

describe('another server', () => {
  const offer = (identifier: string): Buffer =>
    encodePacket(
      {
        ...packetOf('offer', { mac }),
        op: 2,
        yiaddr: ip('192.0.2.5'),
        sname: '',
        file: '',
        options: [
          { code: option.messageType, value: Buffer.of(messageType.offer) },
          { code: option.serverIdentifier, value: addressValue(ip(identifier)) },
        ],
      },
      548,
    ).bytes;

  it('is seen by its identifier, unless it is known', () => {
    const known = new Set([ip('10.77.0.1')]);
    const from = { address: '10.77.0.66' };
    expect(readOtherServer(offer('10.77.0.1'), from, known)).toBeNull();
    expect(readOtherServer(datagram(packetOf('discover')), from, known)).toBeNull();
    expect(readOtherServer(Buffer.of(2), from, known)).toBeNull();
    expect(readOtherServer(offer('10.77.0.66'), from, known)).toEqual({
      address: '10.77.0.66',
      client: mac,
      offered: '192.0.2.5',
      message: 'offer',
    });
  });
});
