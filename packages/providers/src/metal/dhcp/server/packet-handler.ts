import type { RemoteInfo } from 'node:dgram';
import { encodePacket } from '../codec/encode-packet.ts';
import { formatClientKey } from '../codec/hardware-address.ts';
import { formatIpv4, parseIpv4 } from '../codec/ipv4.ts';
import { messageType } from '../codec/option-codes.ts';
import { parsePacket } from '../codec/parse-packet.ts';
import type { Network } from '../configuration/network.ts';
import type { DhcpConfiguration } from '../configuration/schema.ts';
import type { Arrival, ReplyDecision } from '../decide/context.ts';
import { decide } from '../decide/decide.ts';
import type { LeaseStore } from '../leases/lease-store.ts';
import { createBootHistories } from './boot-history.ts';
import { createClientLimit } from './client-limit.ts';
import type { ConflictProbe } from './conflict-probe.ts';
import { type Counters, countOne } from './counters.ts';
import type { DhcpEvent } from './dhcp-event.ts';
import type { Endpoint } from './sockets.ts';

export interface PacketHandlerDeps {
  readonly configuration: DhcpConfiguration;
  readonly network: () => Network;
  readonly store: LeaseStore;
  readonly counters: Counters;
  readonly now: () => number;
  /** Null: addresses are offered unprobed. */
  readonly probe: ConflictProbe | null;
  readonly isOwnProbe: (xid: number) => boolean;
  readonly onEvent: (event: DhcpEvent) => void;
}

/** From the datagram to the answer; synchronous, except where a disk or a probe has to be waited for. */
export type PacketHandler = (datagram: Buffer, from: RemoteInfo, endpoint: Endpoint) => void;

export function createPacketHandler(deps: PacketHandlerDeps): PacketHandler {
  const { configuration, store, counters, probe, onEvent } = deps;
  const { ports, limits } = configuration;
  const withinLimit = createClientLimit(limits);
  const boots = createBootHistories();

  const handle = (arrival: Arrival, endpoint: Endpoint, probed: boolean): void => {
    const nowMs = deps.now();
    store.expire(nowMs);
    const decision = decide(arrival, { nowMs, network: deps.network(), leases: store.view, boots: boots.view(nowMs) });
    if (decision.kind === 'silence') {
      countOne(counters.silences, decision.reason);
      if (decision.change === null) return;
      if (decision.change.kind === 'quarantine') conflict(decision.change, 'declined');
      store.apply(decision.change, nowMs, nothing);
      return;
    }
    if (decision.bootLoop) {
      counters.bootLoops += 1;
      onEvent({ kind: 'boot-loop', client: formatClientKey(arrival.packet.client) });
    }
    const { change } = decision;
    if (change === null) send(decision, arrival, endpoint, nowMs);
    else if (change.kind !== 'offer' && (store.failed() || store.pending() >= limits.pendingCommits))
      counters.overloaded += 1;
    else {
      const ask = probed || !decision.unproven ? null : probe;
      store.apply(change, nowMs, () => {
        if (ask === null) send(decision, arrival, endpoint, nowMs);
        else probeFirst(ask, decision, arrival, endpoint, change.address);
      });
    }
  };
  const probeFirst = (
    ask: ConflictProbe,
    decision: ReplyDecision,
    arrival: Arrival,
    endpoint: Endpoint,
    address: number,
  ): void => {
    const { client } = arrival.packet;
    ask(address, client).then(
      (taken) => {
        const nowMs = deps.now();
        if (!taken) {
          send(decision, arrival, endpoint, nowMs);
          return;
        }
        counters.conflicts += 1;
        const change = { kind: 'quarantine', address, client, untilMs: nowMs + deps.network().quarantineMs } as const;
        conflict(change, 'probed');
        store.apply(change, nowMs, nothing);
        handle(arrival, endpoint, true);
      },
      () => send(decision, arrival, endpoint, deps.now()),
    );
  };
  const conflict = ({ address, client }: { address: number; client: string }, found: 'declined' | 'probed'): void =>
    onEvent({ kind: 'conflict', address: formatIpv4(address), client: formatClientKey(client), found });
  const send = (decision: ReplyDecision, { packet }: Arrival, endpoint: Endpoint, nowMs: number): void => {
    if (decision.boot !== null) boots.record(packet.client, decision.boot, packet.xid, nowMs);
    const { bytes, dropped } = encodePacket(decision.packet, decision.longest);
    if (dropped.length > 0) counters.shortened += 1;
    const { address, port } = decision.to;
    const toPort = port === 'relay' ? ports.server : port === 'client' ? ports.client : port;
    endpoint.send(bytes, toPort, formatIpv4(address));
    counters.sent += 1;
    if (decision.type === 'offer') counters.offers += 1;
    else if (decision.type === 'ack') counters.acks += 1;
    else counters.naks += 1;
  };

  return (datagram, from, endpoint) => {
    counters.received += 1;
    const parsed = parsePacket(datagram);
    if (!parsed.ok) {
      countOne(counters.malformed, parsed.reason);
      return;
    }
    const { packet } = parsed;
    if (!withinLimit(packet.client, deps.now())) {
      counters.limited += 1;
      return;
    }
    if (packet.messageType === messageType.discover && deps.isOwnProbe(packet.xid)) return;
    handle(
      {
        packet,
        sourceAddress: parseIpv4(from.address) ?? 0,
        sourcePort: from.port,
        serverAddress: endpoint.serverAddress,
        toBootServer: endpoint.toBootServer,
        unicastOnly: endpoint.unicastOnly,
      },
      endpoint,
      false,
    );
  };
}

const nothing = (): void => undefined;
