/**
 * Whether a BMC is worth talking to. BMCs freeze under many commands and lock accounts after a few wrong passwords.
 *
 *   closed --[failures in a row reach the limit, or one refused credential]--> open, for a while
 *   open --[time is up]--> half-open: one call may try --[it works]--> closed, --[it fails]--> open again, for longer
 */
import type { ProviderFailure } from '../../contract.ts';

export interface CircuitPolicy {
  readonly failuresToOpen: number;
  readonly firstHoldMs: number;
  readonly longestHoldMs: number;
}

export const defaultCircuit: CircuitPolicy = { failuresToOpen: 5, firstHoldMs: 15_000, longestHoldMs: 300_000 };

export interface Circuit {
  readonly state: 'closed' | 'open';
  readonly failuresInRow: number;
  /** Open: until then nobody asks, milliseconds of the caller's clock. */
  readonly untilMs: number;
  readonly holdMs: number;
  /** Code of the last failure. */
  readonly code: string;
}

export const closedCircuit: Circuit = { state: 'closed', failuresInRow: 0, untilMs: 0, holdMs: 0, code: '' };

/** Milliseconds to stay away; 0 when the BMC may be asked. */
export const holdLeftMs = (circuit: Circuit, nowMs: number): number =>
  circuit.state === 'open' ? Math.max(0, Math.ceil(circuit.untilMs - nowMs)) : 0;

/** A BMC that answers, be it with "no", works: only silence and refused credentials count. */
export function afterCall(
  circuit: Circuit,
  failure: ProviderFailure | null,
  nowMs: number,
  policy: CircuitPolicy,
): Circuit {
  if (failure?.code === 'aborted') return circuit;
  const silent = failure?.kind === 'unavailable' && !answered.has(failure.code);
  const refusedUs = failure?.kind === 'auth';
  if (failure === null || (!silent && !refusedUs)) return closedCircuit;
  const failuresInRow = circuit.failuresInRow + 1;
  const { code } = failure;
  if (!refusedUs && failuresInRow < policy.failuresToOpen) {
    return { ...closedCircuit, failuresInRow, code };
  }
  const holdMs = Math.min(policy.longestHoldMs, circuit.holdMs === 0 ? policy.firstHoldMs : circuit.holdMs * 2);
  return { state: 'open', failuresInRow, untilMs: nowMs + holdMs, holdMs, code };
}

/** Codes of kind `unavailable` by which a BMC answered nevertheless. */
const answered: ReadonlySet<string> = new Set(['power-unverified', 'boot-device-unverified', 'circuit-open']);
