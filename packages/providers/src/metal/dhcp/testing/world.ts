import type { Network } from '../configuration/network.ts';
import type { DhcpPacket } from '../codec/packet.ts';
import type { Arrival, BootHistory, Decision, ReplyDecision, SilenceDecision } from '../decide/context.ts';
import { decide } from '../decide/decide.ts';
import { createLeaseIndex, type LeaseIndex } from '../leases/lease-index.ts';
import { networkOf } from './lab-network.ts';
import { arrivalOf } from './packets.ts';

/** A server without sockets and disk: decisions are carried out on an index at a time that a test moves. */
export interface World {
  readonly network: Network;
  readonly index: LeaseIndex;
  nowMs: number;
  history: BootHistory | null;
  /** Decides and carries out. */
  take(packet: DhcpPacket, more?: Partial<Arrival>): Decision;
  /** The same, where an answer is expected. */
  reply(packet: DhcpPacket, more?: Partial<Arrival>): ReplyDecision;
  /** The same, where none is. */
  silent(packet: DhcpPacket, more?: Partial<Arrival>): SilenceDecision['reason'];
}

export function createWorld(configuration: Readonly<Record<string, unknown>> = {}): World {
  const network = networkOf(configuration);
  const index = createLeaseIndex(network);
  let sequence = 0;
  const world: World = {
    network,
    index,
    nowMs: 1_000_000_000_000,
    history: null,
    take: (packet, more) => {
      index.expire(world.nowMs);
      const boots = { of: () => world.history };
      const decision = decide(arrivalOf(packet, more), { nowMs: world.nowMs, network, leases: index, boots });
      if (decision.change !== null) index.apply(decision.change, world.nowMs, () => (sequence += 1));
      return decision;
    },
    reply: (packet, more) => {
      const decision = world.take(packet, more);
      if (decision.kind !== 'reply') throw new Error(`silent: ${decision.reason}`);
      return decision;
    },
    silent: (packet, more) => {
      const decision = world.take(packet, more);
      if (decision.kind !== 'silence') throw new Error(`answered with ${decision.type}: ${decision.why}`);
      return decision.reason;
    },
  };
  return world;
}

/** An option of a reply in hex, undefined when it is not there. */
export const optionOf = (reply: ReplyDecision, code: number): string | undefined =>
  reply.packet.options.find((given) => given.code === code)?.value.toString('hex');

export const textOptionOf = (reply: ReplyDecision, code: number): string | undefined =>
  reply.packet.options.find((given) => given.code === code)?.value.toString('latin1');
