/** The one place that changes a machine's state: a pure reducer over the table of lifecycle.ts. */
import { machineLifecycle, type MachineEventKind, type MachineState } from './lifecycle.ts';
import type { Machine, MachineAllocation, MachineInstall, MachineReason } from './machine.ts';

/** `reason` is shown with the state; without one the table's own is. A failure always says why. */
export type MachineEvent =
  | {
      readonly kind: Exclude<MachineEventKind, 'allocate' | 'deploy' | 'reinstall' | 'installed' | 'fail'>;
      readonly reason?: MachineReason;
    }
  | { readonly kind: 'allocate'; readonly allocation: MachineAllocation }
  | { readonly kind: 'deploy' | 'reinstall'; readonly tokenHash: string; readonly sshPort?: number }
  | { readonly kind: 'installed'; readonly hostKeys: readonly string[]; readonly address: string }
  | { readonly kind: 'fail'; readonly reason: MachineReason };

export type MachineChanged =
  | { readonly ok: true; readonly machine: Machine }
  /** Refused, in one sentence with what to do; nothing changed. */
  | { readonly ok: false; readonly code: string; readonly message: string };

/** Deadlines of a site by state, minutes, where they differ from the table's. */
export type MachineDeadlines = Readonly<Partial<Record<MachineState, number>>>;

/** The machine after the event; `nowMs` is the database's clock. Version and times of the row are the store's. */
export function applyMachineEvent(
  machine: Machine,
  event: MachineEvent,
  nowMs: number,
  deadlines: MachineDeadlines = {},
): MachineChanged {
  const target = machineLifecycle[machine.state].next[event.kind];
  if (target === undefined) {
    const possible = Object.keys(machineLifecycle[machine.state].next).join(', ');
    return refused(
      'wrong-state',
      `machine ${machine.name} is ${machine.state} (${machine.reason.message}); what can happen to it now: ${possible}`,
    );
  }
  const problem = problemOf(machine, event);
  if (problem !== null) return refused(problem.code, problem.message);
  const changed = withFields(machine, event);
  const wanted = target === 'back' ? whereBack(machine) : target;
  const state = wanted === 'ready' && changed.dirty ? 'cleaning' : wanted;
  return { ok: true, machine: enterState(changed, state, reasonOf(event, state), nowMs, deadlines) };
}

/** A machine at the beginning of a state: the clock starts, and what was observed belongs to the state before. */
export function enterState(
  machine: Machine,
  state: MachineState,
  reason: MachineReason,
  nowMs: number,
  deadlines: MachineDeadlines = {},
): Machine {
  return {
    ...machine,
    state,
    reason,
    sinceMs: nowMs,
    deadlineMs: deadlineOf(state, nowMs, deadlines),
    power: { ...machine.power, kickedAtMs: null, boots: 0 },
  };
}

/** What its deadline does to a machine; null while it has not passed. */
export function atDeadline(
  machine: Machine,
  nowMs: number,
  deadlines: MachineDeadlines = {},
): { readonly machine: Machine; readonly then: 'broken' | 'remind' } | null {
  if (nowMs < machine.deadlineMs) return null;
  const { then, reason } = machineLifecycle[machine.state].deadline;
  if (then === 'remind') {
    const reminded = { code: 'overdue', message: reason };
    return {
      then,
      machine: { ...machine, reason: reminded, deadlineMs: deadlineOf(machine.state, nowMs, deadlines) },
    };
  }
  const failed: MachineReason = {
    code: `${machine.state}-timeout`,
    message: `${reason}; last: ${machine.reason.message}`,
  };
  return { then, machine: enterState(machine, 'broken', failed, nowMs, deadlines) };
}

const deadlineOf = (state: MachineState, nowMs: number, deadlines: MachineDeadlines): number =>
  nowMs + (deadlines[state] ?? machineLifecycle[state].deadline.minutes) * 60_000;

/** Somebody's node runs from its disk. */
export const isInstalled = (machine: Machine): boolean =>
  machine.allocation !== null && machine.install?.phase === 'installed';

const whereBack = (machine: Machine): MachineState =>
  isInstalled(machine) ? 'active' : machine.approved ? 'inspecting' : 'discovered';

function problemOf(machine: Machine, event: MachineEvent): MachineReason | null {
  switch (event.kind) {
    case 'allocate':
      if (!machine.approved || machine.dirty)
        return { code: 'not-allocatable', message: `machine ${machine.name} is not approved or not wiped` };
      return null;
    case 'fail':
      return event.reason.message.trim() === ''
        ? { code: 'reason-missing', message: 'say why the machine is broken' }
        : null;
    case 'release':
      if (machine.approved) return null;
      return {
        code: 'not-approved',
        message: `machine ${machine.name} was never approved: there is nothing to release`,
      };
    case 'retire':
      if (machine.allocation === null) return null;
      return {
        code: 'allocated',
        message: `machine ${machine.name} belongs to ${machine.allocation.nodeName}; release it first`,
      };
    case 'repair':
    case 'resume':
    case 'maintain':
      if (machine.allocation === null || isInstalled(machine)) return null;
      return {
        code: 'allocated',
        message: `machine ${machine.name} belongs to ${machine.allocation.nodeName}, whose installation did not end; release it first`,
      };
    default:
      return null;
  }
}

function withFields(machine: Machine, event: MachineEvent): Machine {
  switch (event.kind) {
    case 'approve':
    case 'restore':
      return { ...machine, approved: true };
    case 'allocate':
      return { ...machine, allocation: event.allocation, install: null };
    case 'deploy':
    case 'reinstall':
      return { ...machine, dirty: true, install: nextInstall(machine, event.tokenHash, event.sshPort ?? 22) };
    case 'installed':
      return machine.install === null
        ? machine
        : {
            ...machine,
            install: {
              ...machine.install,
              phase: 'installed',
              tokenHash: null,
              hostKeys: event.hostKeys,
              address: event.address,
            },
          };
    case 'release':
      return { ...machine, dirty: true };
    case 'released':
      return { ...machine, allocation: null, install: null };
    case 'cleaned':
      return { ...machine, dirty: false };
    default:
      return machine;
  }
}

const nextInstall = (machine: Machine, tokenHash: string, port: number): MachineInstall => ({
  number: (machine.install?.number ?? 0) + 1,
  image: machine.allocation?.image ?? '',
  phase: 'writing',
  tokenHash,
  hostKeys: [],
  address: null,
  port,
  kernel: null,
});

function reasonOf(event: MachineEvent, state: MachineState): MachineReason {
  if ('reason' in event) return event.reason;
  return { code: event.kind, message: machineLifecycle[state].reason };
}

const refused = (code: string, message: string): MachineChanged => ({ ok: false, code, message });
