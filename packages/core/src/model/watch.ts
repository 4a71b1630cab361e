import { type AttemptRecord, type Machine, type MachineWatch, runs } from './machine.ts';

/** What the model has seen so far, as far as an invariant speaks of more than the present; and what did not hold. */
export interface Watch extends MachineWatch {
  readonly violations: string[];
  /** How often each step of each part of an attempt was started, by machine. */
  readonly starts: Map<string, number>;
  readonly gone: Set<string>;
  /** Attempts whose verify has passed. */
  readonly passed: Set<string>;
  /** Highest fence by machine and node-role. */
  readonly fences: Map<string, number>;
  /** The lock that each node-role had to hold when it was enqueued. */
  readonly lockOf: Map<string, string>;
  /** State by node-role as its events tell it. */
  readonly folded: Map<string, string>;
  foldedEvents: number;
  say(violation: string): void;
}

export function newWatch(): Watch {
  const watch: Watch = {
    violations: [],
    starts: new Map(),
    gone: new Set(),
    passed: new Set(),
    fences: new Map(),
    lockOf: new Map(),
    folded: new Map(),
    foldedEvents: 0,
    say: (violation) => {
      watch.violations.push(violation);
    },
    stepStarts: (machine, record) => {
      stepStarts(watch, machine, record);
    },
    attemptProvedGone: (machine, attemptId) => {
      watch.gone.add(`${machine.nodeId} ${attemptId}`);
    },
    verified: (record) => {
      watch.passed.add(record.attemptId);
    },
    fenceSeen: (machine, rowId, fence) => {
      const place = `${machine.nodeId} ${rowId}`;
      const former = watch.fences.get(place) ?? 0;
      if (fence < former) watch.say(`fence: ${place} fell from ${former} to ${fence}`);
      watch.fences.set(place, Math.max(former, fence));
    },
  };
  return watch;
}

function stepStarts(watch: Watch, machine: Machine, record: AttemptRecord): void {
  const place = `${machine.nodeId} ${record.key} ${record.parts} ${record.step}`;
  const times = (watch.starts.get(place) ?? 0) + 1;
  watch.starts.set(place, times);
  if (times > 1) watch.say(`once: ${place} was started ${times} times`);
  if (
    record.parts > 1 &&
    record.step === 'apply' &&
    record.resumeAt === null &&
    (watch.starts.get(`${machine.nodeId} ${record.key} ${record.parts - 1} verify`) ?? 0) > 0
  )
    watch.say(`once: ${place} began anew`);
  if (watch.gone.has(`${machine.nodeId} ${record.attemptId}`))
    watch.say(`gone: ${place} runs after it was proved gone`);
  for (const other of machine.records.values()) {
    if (other === record || !runs(other)) continue;
    if (other.rowId === record.rowId) watch.say(`alone: ${record.key} runs beside ${other.key}`);
    if (other.lane === record.lane) watch.say(`lane: ${record.key} runs beside ${other.key} in ${record.lane}`);
  }
}
