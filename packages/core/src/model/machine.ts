/**
 * A machine and what stands on it: mirrors packages/workflows/node/supervisor/*.sh.
 *
 * ```
 * launch: fenced | same-boot | ended | attached | lost | starting | start        (8-claim.sh, decide)
 * start --inputs--> in line --node-role's and lane's lock--> apply --> verify --> status      (6-keeper.sh)
 * ```
 */
import type { Rules } from './rules.ts';

export type EndKind = 'done' | 'transient' | 'not-yet' | 'reboot' | 'failed' | 'lost' | 'fenced' | 'aborted';

export interface Status {
  readonly kind: EndKind;
  readonly boot: number;
  readonly fence: number;
}

/** The record of one attempt, or of what goes on of it after a declared reboot. */
export interface AttemptRecord {
  readonly key: string;
  readonly attemptId: string;
  readonly rowId: string;
  readonly lane: string;
  readonly phase: 'apply' | 'verify' | 'remove' | 'evict';
  fence: number;
  /** Boot of its supervisor; null while only the front holds it. */
  keeperBoot: number | null;
  keeperAlive: boolean;
  /** Task whose front waits for inputs. */
  claimer: string | null;
  step: 'none' | 'in-line' | 'apply' | 'verify' | 'take-away';
  resumeAt: 'apply' | 'verify' | 'take-away' | null;
  /** Starts of it on this node: the first, and one after each "not yet". */
  parts: number;
  status: Status | null;
}

export interface Machine {
  readonly nodeId: string;
  exists: boolean;
  reachable: boolean;
  boot: number;
  readonly fences: Map<string, { readonly fence: number; readonly key: string }>;
  readonly records: Map<string, AttemptRecord>;
}

export const newMachine = (nodeId: string): Machine => ({
  nodeId,
  exists: true,
  reachable: true,
  boot: 1,
  fences: new Map(),
  records: new Map(),
});

/** What the invariants want to hear of a machine. */
export interface MachineWatch {
  stepStarts(machine: Machine, record: AttemptRecord): void;
  attemptProvedGone(machine: Machine, attemptId: string): void;
  verified(record: AttemptRecord): void;
  fenceSeen(machine: Machine, rowId: string, fence: number): void;
}

export interface Launch {
  readonly attemptId: string;
  readonly rowId: string;
  readonly fence: number;
  readonly lane: string;
  readonly phase: AttemptRecord['phase'];
  readonly fromBoot: number | null;
}

const recordKey = ({ attemptId, fromBoot }: Pick<Launch, 'attemptId' | 'fromBoot'>): string =>
  fromBoot === null ? attemptId : `${attemptId}.after-${fromBoot}`;

export type Decision =
  | { readonly kind: 'fenced' | 'same-boot' | 'starting' | 'lost' }
  | { readonly kind: 'ended'; readonly status: Status }
  | { readonly kind: 'attached' | 'start'; readonly record: AttemptRecord };

export const runs = (record: AttemptRecord): boolean =>
  record.status === null && record.step !== 'none' && record.step !== 'in-line';

export function launch(
  rules: Rules,
  watch: MachineWatch,
  machine: Machine,
  asked: Launch,
  claimers: ReadonlySet<string>,
  task: string,
): Decision {
  const key = recordKey(asked);
  const stored = machine.fences.get(asked.rowId);
  if (rules.nodeComparesFence && asked.fence < (stored?.fence ?? 0)) return { kind: 'fenced' };
  machine.fences.set(asked.rowId, { fence: asked.fence, key });
  watch.fenceSeen(machine, asked.rowId, asked.fence);
  if (asked.fromBoot === machine.boot) return { kind: 'same-boot' };
  const known = rules.nodeKnowsAttempt ? machine.records.get(key) : undefined;
  if (known !== undefined) {
    const { status } = known;
    const goesOn = status?.kind === 'not-yet' && asked.fence > status.fence;
    if (status !== null && !goesOn) return { kind: 'ended', status };
    if (status === null && known.keeperBoot !== null) {
      if (known.keeperBoot !== machine.boot || !known.keeperAlive) {
        end(machine, known, 'lost');
        return { kind: 'lost' };
      }
      return { kind: 'attached', record: known };
    }
    if (status === null && known.claimer !== null && claimers.has(known.claimer)) return { kind: 'starting' };
  }
  const record: AttemptRecord = {
    ...asked,
    key,
    keeperBoot: null,
    keeperAlive: false,
    claimer: task,
    step: 'none',
    resumeAt: known?.status?.kind === 'not-yet' ? known.resumeAt : null,
    parts: (machine.records.get(key)?.parts ?? 0) + 1,
    status: null,
  };
  machine.records.set(key, record);
  return { kind: 'start', record };
}

/** The inputs are there: the supervisor begins, in line for its locks. */
export function begin(machine: Machine, record: AttemptRecord): void {
  if (record.status !== null || record.keeperBoot !== null) return;
  record.keeperBoot = machine.boot;
  record.keeperAlive = true;
  record.claimer = null;
  record.step = 'in-line';
}

function end(machine: Machine, record: AttemptRecord, kind: EndKind): void {
  record.status = { kind, boot: machine.boot, fence: record.fence };
  record.step = 'none';
  record.keeperAlive = false;
}

/** `choice` says how a step that runs ends; 0 is well. */
export function progress(
  rules: Rules,
  watch: MachineWatch,
  machine: Machine,
  record: AttemptRecord,
  choice: number,
): void {
  if (record.status !== null || !record.keeperAlive || record.keeperBoot !== machine.boot) return;
  if (record.step === 'in-line') {
    takeLocks(rules, watch, machine, record);
    return;
  }
  const { step } = record;
  switch (choice) {
    case 1: {
      end(machine, record, 'transient');
      return;
    }
    case 2:
      record.resumeAt = step === 'verify' || step === 'take-away' ? step : 'apply';
      {
        end(machine, record, 'not-yet');
        return;
      }
    case 3:
      end(machine, record, step === 'take-away' ? 'failed' : 'reboot');
      return;
    case 4: {
      end(machine, record, 'failed');
      return;
    }
    default:
      if (step === 'apply') {
        record.step = 'verify';
        watch.stepStarts(machine, record);
      } else {
        if (step === 'verify') watch.verified(record);
        end(machine, record, 'done');
      }
  }
}

function takeLocks(rules: Rules, watch: MachineWatch, machine: Machine, record: AttemptRecord): void {
  const others = [...machine.records.values()].filter((other) => other !== record && runs(other));
  const ours = (other: AttemptRecord): boolean =>
    (rules.nodeLocksNodeRole && other.rowId === record.rowId) || (rules.nodeLocksLane && other.lane === record.lane);
  // A lock dies with its holder; what that left running has to be killed.
  if (others.some((other) => other.keeperAlive && ours(other))) return;
  if (rules.nodeComparesFence && machine.fences.get(record.rowId)?.key !== record.key) {
    end(machine, record, 'fenced');
    return;
  }
  if (rules.nodeClearsOrphans)
    for (const other of others)
      if (!other.keeperAlive && (other.rowId === record.rowId || other.lane === record.lane))
        end(machine, other, 'lost');
  const first =
    record.phase === 'remove' || record.phase === 'evict'
      ? 'take-away'
      : record.phase === 'verify'
        ? 'verify'
        : 'apply';
  record.step = record.resumeAt ?? first;
  record.resumeAt = null;
  watch.stepStarts(machine, record);
}

/** Kills the attempt and proves it gone. */
export function abort(rules: Rules, watch: MachineWatch, machine: Machine, asked: Launch): void {
  if (rules.abortStoresFence && asked.fence >= (machine.fences.get(asked.rowId)?.fence ?? 0)) {
    const fence = asked.fence + 1;
    machine.fences.set(asked.rowId, { fence, key: recordKey(asked) });
    watch.fenceSeen(machine, asked.rowId, fence);
  }
  for (const record of machine.records.values())
    if (record.attemptId === asked.attemptId && record.status === null) end(machine, record, 'aborted');
  watch.attemptProvedGone(machine, asked.attemptId);
}

/** Whatever ran is dead, and its record does not know yet. */
export function reboot(machine: Machine): void {
  machine.boot += 1;
  for (const record of machine.records.values()) {
    if (record.status !== null) continue;
    record.keeperAlive = false;
    record.step = 'none';
    record.claimer = null;
  }
}
