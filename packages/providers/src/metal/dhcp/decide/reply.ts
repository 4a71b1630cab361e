import { longestReply } from '../codec/encode-packet.ts';
import type { Ipv4 } from '../codec/ipv4.ts';
import { messageType, option } from '../codec/option-codes.ts';
import { addressValue, secondsValue, textValue } from '../codec/option-values.ts';
import { broadcastFlag, type DhcpOption } from '../codec/packet.ts';
import type { LeaseChange } from '../leases/lease.ts';
import { bootOptions } from './boot-options.ts';
import { planBoot } from './boot-plan.ts';
import { type ClientRequest, hostnameOf } from './client-request.ts';
import type { BootStep, ReplyDecision } from './context.ts';
import { destinationOf } from './destination.ts';
import { clientOptions, clientEcho } from './reply-options.ts';

const typeValue = {
  offer: Buffer.of(messageType.offer),
  ack: Buffer.of(messageType.ack),
  nak: Buffer.of(messageType.nak),
} as const;

export interface Answer {
  readonly type: 'offer' | 'ack';
  /** 0: the client gets no address from us (INFORM, proxy). */
  readonly yiaddr: Ipv4;
  /** Null: no lease, so no times. */
  readonly leaseSeconds: number | null;
  readonly change: LeaseChange | null;
  readonly unproven: boolean;
  /** Only what to boot, nothing of the network. */
  readonly proxy: boolean;
}

/** An OFFER or ACK, its options in the order that old ROMs read and that says what may be left out first. */
export function replyTo(request: ClientRequest, answer: Answer): ReplyDecision {
  const { arrival, subnet, bootClient, node, context } = request;
  const { packet } = arrival;
  const { plan, loop } = planBoot(
    bootClient,
    node,
    subnet,
    arrival.serverAddress,
    context.boots.of(packet.client),
    packet.xid,
  );
  const options: DhcpOption[] = [
    { code: option.messageType, value: typeValue[answer.type] },
    { code: option.serverIdentifier, value: addressValue(request.serverIdentifier) },
  ];
  if (answer.leaseSeconds !== null) addTimes(options, answer.leaseSeconds);
  const how = { proxy: answer.proxy, terminateFile: node?.terminateBootFile === true };
  const boot = bootOptions(bootClient, plan, packet, how);
  if (answer.proxy) options.push(...boot);
  else clientOptions(options, packet, subnet, boot, hostnameOf(request));
  clientEcho(options, packet);
  return {
    kind: 'reply',
    type: answer.type,
    packet: {
      op: 2,
      htype: packet.htype,
      chaddr: packet.chaddr,
      xid: packet.xid,
      secs: 0,
      flags: packet.flags & broadcastFlag,
      ciaddr: answer.type === 'ack' ? packet.ciaddr : 0,
      yiaddr: answer.yiaddr,
      siaddr: plan?.nextServer ?? 0,
      giaddr: packet.giaddr,
      sname: plan === null || plan.vendorClass === 'HTTPClient' ? '' : plan.serverName,
      file: plan?.file ?? '',
      options,
    },
    longest: longestReply(packet.options.get(option.maxMessageSize)),
    to: destinationOf(arrival, answer.type),
    change: answer.change,
    boot: bootStepOf(answer, plan?.step ?? null),
    bootLoop: loop,
    unproven: answer.unproven,
    why: '',
  };
}

/** An offer of an address may be passed over; what a proxy offers is booted without a further word. */
const bootStepOf = ({ type, proxy }: Answer, step: BootStep | null): BootStep | null =>
  type === 'ack' || proxy ? step : null;

function addTimes(options: DhcpOption[], seconds: number): void {
  options.push(
    { code: option.leaseTime, value: secondsValue(seconds) },
    { code: option.renewalTime, value: secondsValue(Math.floor(seconds / 2)) },
    { code: option.rebindingTime, value: secondsValue(Math.floor((seconds * 7) / 8)) },
  );
}

/** A NAK (RFC 2131, table 3): who says no and why, nothing else. A relay must broadcast it: the client's address is wrong. */
export function nakTo(
  { arrival, serverIdentifier }: ClientRequest,
  why: string,
  change: LeaseChange | null = null,
): ReplyDecision {
  const { packet } = arrival;
  const options: DhcpOption[] = [
    { code: option.messageType, value: typeValue.nak },
    { code: option.serverIdentifier, value: addressValue(serverIdentifier) },
    { code: option.message, value: textValue(why) },
  ];
  clientEcho(options, packet);
  return {
    kind: 'reply',
    type: 'nak',
    packet: {
      op: 2,
      htype: packet.htype,
      chaddr: packet.chaddr,
      xid: packet.xid,
      secs: 0,
      flags: packet.giaddr === 0 ? packet.flags & broadcastFlag : broadcastFlag,
      ciaddr: 0,
      yiaddr: 0,
      siaddr: 0,
      giaddr: packet.giaddr,
      sname: '',
      file: '',
      options,
    },
    longest: longestReply(packet.options.get(option.maxMessageSize)),
    to: destinationOf(arrival, 'nak'),
    change,
    boot: null,
    bootLoop: false,
    unproven: false,
    why,
  };
}
