import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatIpv4, type Ipv4 } from '../codec/ipv4.ts';
import { option } from '../codec/option-codes.ts';
import { addressValue } from '../codec/option-values.ts';
import type { DhcpPacket } from '../codec/packet.ts';
import type { ReplyDecision } from '../decide/context.ts';
import { decide } from '../decide/decide.ts';
import { labSubnet, networkOf } from '../testing/lab-network.ts';
import { arrivalOf, ip, packetOf, type PacketOptions } from '../testing/packets.ts';
import { isHeld } from './lease.ts';
import { openLeaseStore } from './lease-store.ts';
import { createPowerCutDisk } from './testing/power-cut-disk.ts';

/** Six machines on four pool addresses and one reservation, so that everything is fought over. */
const clients = 6;
const network = networkOf({ subnets: [{ ...labSubnet, leaseS: 600, bootLeaseS: 60 }], offerS: 20, quarantineS: 120 });
const server = addressValue(ip('10.77.0.1'));
const pxe = { [option.vendorClass]: 'PXEClient:Arch:00000:UNDI:002001', [option.architecture]: Buffer.of(0, 0) };

type Step =
  | {
      readonly kind: 'discover' | 'select' | 'renew' | 'release' | 'decline';
      readonly client: number;
      readonly lost: boolean;
    }
  | { readonly kind: 'grab'; readonly client: number; readonly last: number; readonly lost: boolean }
  | { readonly kind: 'reboot'; readonly client: number; readonly lost: boolean }
  | { readonly kind: 'wait'; readonly seconds: number }
  | { readonly kind: 'disk'; readonly works: boolean }
  | { readonly kind: 'compact' }
  | { readonly kind: 'crash'; readonly seed: number };

const client = fc.nat(clients - 1);
const lost = fc.boolean();
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 8, arbitrary: fc.record({ kind: fc.constantFrom('discover', 'select', 'renew'), client, lost }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constantFrom('select'), client, lost: fc.constant(false) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constantFrom('release', 'decline'), client, lost }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('grab'),
      client,
      lost,
      last: fc.constantFrom(10, 100, 101, 102, 103, 200),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('reboot'), client, lost }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('wait'), seconds: fc.constantFrom(1, 15, 30, 90, 400) }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('disk'), works: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('compact') }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('crash'), seed: fc.nat() }) },
);

/** What a machine knows. */
interface Machine {
  readonly mac: string;
  offered: Ipv4 | null;
  lease: { readonly address: Ipv4; readonly untilMs: number } | null;
  /** What it started anew; answers to what it asked before are not for it any more (their xid is another). */
  session: number;
}

const settle = async (): Promise<void> => {
  for (let turn = 0; turn < 6; turn += 1) await new Promise((resolve) => setImmediate(resolve));
};

/** The same numbers for the same seed (a linear congruence is random enough for sectors). */
const randomOf = (seed: number) => {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
};

async function play(steps: readonly Step[]): Promise<number> {
  let nowMs = 1_000_000_000_000;
  let disk = createPowerCutDisk();
  let life = 0;
  let acknowledged = 0;
  const machines: readonly Machine[] = Array.from({ length: clients }, (_, index) => ({
    mac: `52:54:00:77:00:0${index + 1}`,
    offered: null,
    lease: null,
    session: 0,
  }));
  const open = () =>
    openLeaseStore({
      disk,
      network,
      gatherMs: 0,
      onCommitted: () => undefined,
      onFailure: (error) => expect(error).toBeNull(),
    });
  let store = await open();

  const receive = (machine: Machine, reply: ReplyDecision): void => {
    const address = reply.packet.yiaddr;
    if (reply.type === 'offer') machine.offered = address;
    if (reply.type === 'nak') machine.lease = null;
    if (reply.type !== 'ack' || reply.change?.kind !== 'grant') return;
    acknowledged += 1;
    for (const other of machines) {
      if (other === machine || other.lease?.address !== address || other.lease.untilMs <= nowMs) continue;
      throw new Error(`${formatIpv4(address)} was given to ${machine.mac} while ${other.mac} has it`);
    }
    machine.lease = { address, untilMs: reply.change.untilMs };
  };
  const send = (machine: Machine, packet: DhcpPacket, isLost: boolean): void => {
    store.expire(nowMs);
    const decision = decide(arrivalOf(packet), { nowMs, network, leases: store.view, boots: { of: () => null } });
    if (decision.kind === 'silence') {
      if (decision.change !== null) store.apply(decision.change, nowMs, () => undefined);
      return;
    }
    const inLife = life;
    const { session } = machine;
    const hear = (): void => {
      if (inLife === life && machine.session === session && !isLost) receive(machine, decision);
    };
    if (decision.change === null) hear();
    else store.apply(decision.change, nowMs, hear);
  };
  const request = (machine: Machine, address: Ipv4, more: PacketOptions = {}): DhcpPacket =>
    packetOf('request', {
      mac: machine.mac,
      options: { [option.serverIdentifier]: server, [option.requestedAddress]: addressValue(address), ...more },
    });

  for (const made of steps) {
    const machine = 'client' in made ? machines[made.client] : undefined;
    for (const each of machines) if (each.lease !== null && each.lease.untilMs <= nowMs) each.lease = null;
    if (made.kind === 'wait') nowMs += made.seconds * 1000;
    else if (made.kind === 'disk') disk.allow(made.works ? 'all' : 'none');
    else if (made.kind === 'compact') {
      disk.allow('all');
      await settle();
      await store.compact();
    } else if (made.kind === 'crash') {
      life += 1;
      disk = disk.cut(randomOf(made.seed));
      store = await open();
      for (const { mac, lease } of machines) {
        if (lease === null || lease.untilMs <= nowMs) continue;
        const kept = store.view.leaseAt(lease.address);
        expect(isHeld(kept, nowMs) && kept?.client, `lease of ${formatIpv4(lease.address)}`).toBe(
          mac.replaceAll(':', ''),
        );
        expect(kept?.untilMs).toBeGreaterThanOrEqual(lease.untilMs);
      }
    } else if (machine !== undefined) act(machine, made);
    await settle();
  }
  return acknowledged;

  function act(machine: Machine, made: Step & { client: number }): void {
    const { mac } = machine;
    const own = machine.lease?.address ?? null;
    if (made.kind === 'discover') send(machine, packetOf('discover', { mac }), made.lost);
    if (made.kind === 'select' && machine.offered !== null) send(machine, request(machine, machine.offered), made.lost);
    if (made.kind === 'renew' && own !== null)
      send(machine, packetOf('request', { mac, ciaddr: formatIpv4(own) }), made.lost);
    if (made.kind === 'grab') send(machine, request(machine, ip(`10.77.0.${made.last}`)), made.lost);
    if (made.kind === 'reboot') {
      // Firmware knows of no lease, and asks for a short one.
      machine.lease = null;
      machine.session += 1;
      send(machine, packetOf('discover', { mac, options: pxe }), false);
      if (machine.offered !== null) send(machine, request(machine, machine.offered, pxe), made.lost);
    }
    if (made.kind === 'release' && own !== null) {
      machine.lease = null;
      machine.session += 1;
      const options = { [option.serverIdentifier]: server };
      send(machine, packetOf('release', { mac, ciaddr: formatIpv4(own), options }), false);
    }
    const found = own ?? machine.offered;
    if (made.kind === 'decline' && found !== null) {
      machine.lease = null;
      machine.session += 1;
      const options = { [option.serverIdentifier]: server, [option.requestedAddress]: addressValue(found) };
      send(machine, packetOf('decline', { mac, options }), false);
    }
  }
}

describe('leases', () => {
  it('never gives one address to two clients and honours every ACK, over power cuts at any moment', async () => {
    const seed = Number(process.env['FORMWORK_TEST_SEED'] ?? Date.now() % 0x7fffffff);
    let acknowledged = 0;
    process.stderr.write(`DHCP histories: FORMWORK_TEST_SEED=${seed}\n`);
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 20, maxLength: 120 }), async (steps) => {
        acknowledged += await play(steps);
      }),
      { numRuns: 1000, seed },
    );
    // The histories must be about something.
    expect(acknowledged).toBeGreaterThan(1000);
  });
});
