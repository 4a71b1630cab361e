import { cleanIdentity } from './identity.ts';
import type { NewMachine } from './machine-store.ts';
import type { Machine, MachineBmc } from './machine.ts';
import type { Sighting } from './discovery-limits.ts';
import { enterState, type MachineDeadlines } from './machine-event.ts';

/** A machine that somebody adds: known and approved, but not yet looked at. */
export function addedMachine(wanted: {
  readonly siteId: string;
  readonly name: string;
  readonly macs: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
  readonly bmc: MachineBmc | null;
}): NewMachine {
  const { siteId, name, macs, labels, bmc } = wanted;
  return {
    siteId,
    name,
    labels,
    bmc,
    state: 'registering',
    reason: { code: 'added', message: 'added by hand; its BMC is being tried' },
    approved: true,
    trust: 'approval',
    identity: cleanIdentity({ macs }),
    subnet: null,
  };
}

/** A machine that came by itself. Its name is a guess by MAC until a rule or a person gives it one. */
export function sightedMachine(sighting: Sighting, trust: Machine['trust']): NewMachine {
  return {
    siteId: sighting.siteId,
    name: `m-${sighting.mac.replaceAll(':', '')}`,
    state: 'discovered',
    reason: { code: 'discovered', message: 'seen on the network and unknown; waits for approval' },
    approved: false,
    trust,
    identity: sighting.identity,
    labels: {},
    subnet: sighting.subnet,
    bmc: null,
  };
}

/** The whole machine of what it begins with. */
export function firstMachine(id: string, wanted: NewMachine, nowMs: number, deadlines: MachineDeadlines = {}): Machine {
  const blank: Machine = {
    ...wanted,
    id,
    sinceMs: nowMs,
    deadlineMs: nowMs,
    dirty: false,
    facts: null,
    factsAtMs: null,
    allocation: null,
    install: null,
    power: { observed: 'unknown', observedAtMs: null, kickedAtMs: null, boots: 0, agentAtMs: null },
    version: 1,
    createdAtMs: nowMs,
  };
  return enterState(blank, wanted.state, wanted.reason, nowMs, deadlines);
}
