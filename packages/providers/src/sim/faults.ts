import type { SimulatedStep } from '../contract.ts';
import type { SimConfiguration } from './configuration.ts';
import type { CallFault, Fault, MachineFault, Operation, StepFault } from './fault-schema.ts';
import { seeded } from './random.ts';

/** A fault with its place in the configuration: two alike faults are drawn apart. */
export interface Placed<F extends Fault> {
  readonly fault: F;
  readonly index: number;
}
type MachineFaultKind = MachineFault['kind'];

export interface Faults {
  /** Those that hit this step, in the order of the configuration. Windows of time and counts are the caller's to judge. */
  ofStep(step: SimulatedStep, name: string): readonly Placed<StepFault>[];
  ofMachine<Kind extends MachineFaultKind>(kind: Kind, name: string): Extract<MachineFault, { kind: Kind }> | null;
  /** Those that may hit this call; their counts are the caller's. `name` is null for calls about no machine. */
  ofCall(operation: Operation, name: string | null): readonly Placed<CallFault>[];
  /** Whether the dice of a call fault fall for the call of this count. */
  drawn(placed: Placed<CallFault>, count: number): boolean;
}

const stepKinds = ['slow', 'failing', 'transient', 'lost', 'not-yet', 'reboot', 'unreachable'] as const;
const callKinds = ['throttled', 'auth', 'unavailable', 'capacity'] as const;

const isStepFault = (fault: Fault): fault is StepFault => stepKinds.some((kind) => kind === fault.kind);
const isCallFault = (fault: Fault): fault is CallFault => callKinds.some((kind) => kind === fault.kind);
const isMachineFault = (fault: Fault): fault is MachineFault => !isStepFault(fault) && !isCallFault(fault);

/** `*` stands for any characters; without a list everything matches. */
function matches(patterns: readonly string[] | undefined, text: string): boolean {
  if (patterns === undefined) return true;
  return patterns.some((pattern) => {
    const [first = '', ...rest] = pattern.split('*');
    if (rest.length === 0) return first === text;
    const last = rest.pop() ?? '';
    if (!text.startsWith(first)) return false;
    let from = first.length;
    for (const part of rest) {
      const at = text.indexOf(part, from);
      if (at < 0) return false;
      from = at + part.length;
    }
    return text.length - last.length >= from && text.endsWith(last);
  });
}

export const within = (range: { readonly from: number; readonly to: number | null }, count: number): boolean =>
  count >= range.from && (range.to === null || count <= range.to);

export function createFaults({ faults, seed }: Pick<SimConfiguration, 'faults' | 'seed'>): Faults {
  const placed = faults.map((fault, index) => ({ fault, index }));
  const narrow = <F extends Fault>(is: (fault: Fault) => fault is F): readonly Placed<F>[] =>
    placed.flatMap(({ fault, index }) => (is(fault) ? [{ fault, index }] : []));
  const stepFaults = narrow(isStepFault);
  const machineFaults = narrow(isMachineFault);
  const callFaults = narrow(isCallFault);
  const draw = (probability: number, index: number, ...parts: readonly (string | number)[]): boolean =>
    probability >= 1 || seeded(seed, 'fault', index, ...parts) < probability;

  return {
    ofStep: (step, name) =>
      stepFaults.filter(
        ({ fault, index }) =>
          matches(fault.roles, step.role) &&
          matches(fault.nodes, name) &&
          matches(fault.actions, step.action) &&
          (!('attempts' in fault) || within(fault.attempts, step.attempt)) &&
          draw(fault.probability, index, name, step.role, step.attempt),
      ),
    ofMachine: (kind, name) => {
      for (const { fault, index } of machineFaults) {
        if (isOfKind(fault, kind) && matches(fault.nodes, name) && draw(fault.probability, index, name)) return fault;
      }
      return null;
    },
    ofCall: (operation, name) =>
      callFaults.filter(({ fault }) => {
        if (fault.nodes !== undefined && (name === null || !matches(fault.nodes, name))) return false;
        if (fault.kind === 'capacity') return operation === 'ensure';
        return fault.operations?.includes(operation) ?? true;
      }),
    drawn: ({ fault, index }, count) => draw(fault.probability, index, count),
  };
}

const isOfKind = <Kind extends MachineFaultKind>(
  fault: MachineFault,
  kind: Kind,
): fault is Extract<MachineFault, { kind: Kind }> => fault.kind === kind;
