import { isHostAddress } from '../codec/ipv4.ts';
import { messageType } from '../codec/option-codes.ts';
import { readRequest } from './client-request.ts';
import { type Arrival, type DecideContext, type Decision, silence } from './context.ts';
import { decideDiscover } from './discover.ts';
import { decideDecline, decideInform, decideRelease } from './ending.ts';
import { decideBootServer } from './proxy.ts';
import { decideRequest } from './request.ts';
import { isKnownRelay } from './subnet-choice.ts';

/** The answer to a packet, or why there is none. Depends on nothing but its arguments and changes none of them. */
export function decide(arrival: Arrival, context: DecideContext): Decision {
  const { packet } = arrival;
  if (packet.op !== 1) return silence('not-a-request');
  if (!isKnownRelay(arrival, context.network)) return silence('unknown-relay');
  // We would send to it.
  if (packet.ciaddr !== 0 && !isHostAddress(packet.ciaddr)) return silence('foreign-address');
  const request = readRequest(arrival, context);
  if (request === null) return silence('no-subnet');
  if (arrival.toBootServer) {
    const asks = packet.messageType === messageType.request || packet.messageType === messageType.inform;
    return asks && isHostAddress(arrival.sourceAddress) ? decideBootServer(request) : silence('unsupported-type');
  }
  switch (packet.messageType) {
    case messageType.discover:
      return decideDiscover(request);
    case messageType.request:
      return decideRequest(request);
    case messageType.decline:
      return decideDecline(request);
    case messageType.release:
      return decideRelease(request);
    case messageType.inform:
      return decideInform(request);
    default:
      return silence('unsupported-type');
  }
}
