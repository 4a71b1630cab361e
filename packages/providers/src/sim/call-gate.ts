import { assertNever } from '@formwork/core';
import type { CallContext, NodeRequest } from '../contract.ts';
import { providerError } from '../provider-error.ts';
import type { Park } from './park.ts';
import type { Clock } from './clock.ts';
import type { SimConfiguration } from './configuration.ts';
import { simFailures } from './errors.ts';
import type { CallFault, Operation } from './fault-schema.ts';
import { type Faults, type Placed, within } from './faults.ts';
import { seededMs } from './random.ts';

interface Deps {
  readonly configuration: SimConfiguration;
  readonly clock: Clock;
  readonly faults: Faults;
  readonly park: Park;
}

/** What stands before every call: its abort, its timeout, how long it takes, and the faults of calls. */
export interface CallGate {
  /** Throws a provider error when the call does not come through. `name` is null for calls about no machine. */
  pass(operation: Operation, name: string | null, context: CallContext): Promise<void>;
  /** Throws when there is no capacity for this create. */
  capacity(request: NodeRequest, zone: string): void;
}

export function createCallGate({ configuration, clock, faults, park }: Deps): CallGate {
  let calls = 0;

  const takeTime = async (operation: Operation, { signal, timeoutMs }: CallContext): Promise<void> => {
    if (signal.aborted) throw providerError(simFailures.aborted());
    calls += 1;
    const lastsMs = seededMs(configuration.callMs, configuration.seed, 'call', operation, calls) / clock.speed;
    if (lastsMs <= 0) return;
    try {
      await clock.wait(Math.min(lastsMs, timeoutMs), signal);
    } catch (error) {
      throw providerError(simFailures.aborted(), error);
    }
    if (lastsMs > timeoutMs) throw providerError(simFailures.timeout(timeoutMs));
  };
  const hit = (operation: Operation, placed: Placed<CallFault>): void => {
    const { fault, index } = placed;
    if (fault.kind === 'capacity') return;
    const count = park.bump(`call ${index}`);
    if (!within(fault.calls, count) || !faults.drawn(placed, count)) return;
    switch (fault.kind) {
      case 'auth':
        throw providerError(simFailures.auth());
      case 'throttled':
        throw providerError(simFailures.throttled(fault.retryAfterMs / clock.speed));
      case 'unavailable':
        throw providerError(simFailures.unavailable(operation));
      default:
        assertNever(fault);
    }
  };

  return {
    pass: async (operation, name, context) => {
      await takeTime(operation, context);
      for (const placed of faults.ofCall(operation, name)) hit(operation, placed);
    },
    capacity: (request, zone) => {
      for (const placed of faults.ofCall('ensure', request.name)) {
        const { fault, index } = placed;
        if (fault.kind !== 'capacity') continue;
        const always = fault.candidates === undefined && fault.creates === undefined;
        const byCandidate = fault.candidates !== undefined && request.candidate < fault.candidates;
        const count = park.bump(`capacity ${index}`);
        const byCount = fault.creates !== undefined && count <= fault.creates;
        if ((always || byCandidate || byCount) && faults.drawn(placed, count)) {
          throw providerError(simFailures.capacity(zone));
        }
      }
    },
  };
}
