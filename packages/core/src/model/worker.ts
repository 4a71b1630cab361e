/** Mirrors packages/workflows/src/worker: handle-step.ts, execute.ts, provider-step.ts, leases.ts. */
import { beat, claimRow, finishRow, patchNode } from './claim-and-finish.ts';
import { type House, type Task, type Worker, frameOf } from './house.ts';
import { abort, begin, type Launch, launch, newMachine, type Machine } from './machine.ts';
import { doneOutcome, failed, outcomeOfStatus, pended } from './outcome.ts';
import { asStarted, readContext, type StepContext } from './step-context.ts';
import { type Attempt, newId } from './store.ts';

const claimTries = 5;

export function takeJob(
  house: House,
  worker: Worker,
  job: { readonly rowId: string; readonly dispatch: number },
): void {
  worker.tasks.push({
    id: newId(house.store, 't'),
    rowId: job.rowId,
    dispatch: job.dispatch,
    stage: 'got',
    tries: 0,
    context: null,
    attempt: null,
    fence: 0,
    abort: false,
    machine: null,
    record: null,
    outcome: null,
  });
}

/** Goes on with a task until it waits again; answers whether anything came of it. */
export function stepTask(house: House, worker: Worker, task: Task, choice: number): boolean {
  const before = task.stage;
  switch (task.stage) {
    case 'got':
      read(house, task);
      break;
    case 'read':
      claim(house, worker, task);
      break;
    case 'claimed':
      execute(house, task, choice);
      break;
    case 'inputs':
      if (task.machine !== null && task.record !== null && isThere(task.machine)) begin(task.machine, task.record);
      task.stage = 'attached';
      break;
    case 'marked':
      destroyMachine(house, task, choice);
      break;
    case 'attached':
      follow(house, task);
      break;
    case 'result':
      record(house, task);
      break;
    case 'over':
      break;
  }
  worker.tasks = worker.tasks.filter((one) => one.stage !== 'over');
  return before !== task.stage;
}

function read(house: House, task: Task): void {
  const context = readContext(house.store, task.rowId, frameOf(house), house.roles);
  const current = context !== null && (!house.rules.claimNeedsDispatch || context.row.dispatch === task.dispatch);
  task.context = context;
  task.stage = current ? 'read' : 'over';
}

function claim(house: House, worker: Worker, task: Task): void {
  const { store, rules } = house;
  const { context } = task;
  task.stage = 'over';
  if (context === null) return;
  const runsElsewhere = context.node === null || context.phase === 'evict';
  const former = store.claims.get(task.rowId);
  const claimed = claimRow(store, rules, {
    rowId: task.rowId,
    dispatch: task.dispatch,
    worker: worker.id,
    version: context.row.version,
    resume: { phase: context.phase, fromBoot: null, nodeId: runsElsewhere ? (context.target?.id ?? null) : null },
    inputs: context.inputs,
    untracked: context.untracked,
    inputHash: context.inputHash,
  });
  if (!claimed.ok) {
    task.tries += 1;
    if (claimed.why === 'moved' && task.tries < claimTries) task.stage = 'got';
    return;
  }
  const { attempt, row, fence, isNew } = claimed;
  if (!isNew && former !== undefined && former.leaseUntilMs > store.nowMs)
    house.watch.say(`lease: ${row.key} was taken from a worker that lives`);
  task.context = isNew ? { ...context, row } : asStarted(store, { ...context, row }, attempt);
  task.attempt = attempt;
  task.fence = fence;
  task.abort = claimed.abort;
  task.stage = 'claimed';
}

const isThere = (machine: Machine): boolean => machine.exists && machine.reachable;

const ends = (task: Task, outcome: Task['outcome']): void => {
  task.outcome = outcome;
  task.stage = outcome === null ? 'over' : 'result';
};

function execute(house: House, task: Task, choice: number): void {
  const { context, attempt } = task;
  const { nowMs } = house.store;
  if (context === null || attempt === null) {
    ends(task, null);
    return;
  }
  const { executor } = context.role;
  if (task.abort && executor !== 'script') {
    ends(task, { kind: 'withdrawn' });
    return;
  }
  if (context.problem !== null) {
    ends(task, failed(context, { kind: 'transient', code: 'not-startable', message: context.problem }, nowMs));
    return;
  }
  if (executor === 'provider') {
    if (context.phase === 'apply') createMachine(house, task, context, attempt, choice);
    else markMachine(house, task, context);
    return;
  }
  if (executor === 'script') launchScript(house, task, context, attempt);
  else
    ends(
      task,
      choice === 4 ? failed(context, { kind: 'failed', code: 'x', message: '' }, nowMs) : doneOutcome(context, nowMs),
    );
}

const launchOf = (task: Task, context: StepContext, attempt: Attempt): Launch => ({
  attemptId: attempt.id,
  rowId: task.rowId,
  fence: task.fence,
  lane: context.node === null ? `deployment-${context.row.as}` : context.row.lane,
  phase: attempt.resume.phase,
  fromBoot: attempt.resume.fromBoot,
});

const unreachable = (house: House, context: StepContext): Task['outcome'] =>
  failed(context, { kind: 'unreachable', code: 'unreachable', message: '' }, house.store.nowMs);

function launchScript(house: House, task: Task, context: StepContext, attempt: Attempt): void {
  const { rules, watch, store } = house;
  const machine = context.target === null ? undefined : house.machines.get(context.target.id);
  const wait = { why: 'the node restarts', inMs: 2_000, resume: attempt.resume };
  if (machine === undefined || !isThere(machine)) {
    const restarting = attempt.resume.fromBoot !== null && machine !== undefined && !task.abort;
    ends(task, restarting ? pended(context, attempt, wait, store.nowMs) : unreachable(house, context));
    return;
  }
  const asked = launchOf(task, context, attempt);
  task.machine = machine;
  if (task.abort) {
    abort(rules, watch, machine, asked);
    ends(task, { kind: 'withdrawn' });
    return;
  }
  const fronts = new Set(house.workers.flatMap((worker) => worker.tasks.map((one) => one.id)));
  const decision = launch(rules, watch, machine, asked, fronts, task.id);
  switch (decision.kind) {
    case 'fenced': {
      ends(task, null);
      return;
    }
    case 'same-boot':
    case 'starting': {
      ends(task, pended(context, attempt, wait, store.nowMs));
      return;
    }
    case 'lost': {
      ends(task, outcomeOfStatus(context, attempt, { kind: 'lost', boot: 0, fence: 0 }, store.nowMs));
      return;
    }
    case 'ended': {
      ends(task, outcomeOfStatus(context, attempt, decision.status, store.nowMs));
      return;
    }
    case 'attached':
    case 'start':
      task.record = decision.record;
      task.stage = decision.kind === 'start' ? 'inputs' : 'attached';
  }
}

function follow(house: House, task: Task): void {
  const { context, attempt, machine, record } = task;
  if (context === null || attempt === null || machine === null || record === null) {
    ends(task, null);
    return;
  }
  if (!isThere(machine)) {
    ends(task, unreachable(house, context));
    return;
  }
  if (task.abort) {
    abort(house.rules, house.watch, machine, launchOf(task, context, attempt));
    ends(task, { kind: 'withdrawn' });
    return;
  }
  // The supervisor is gone without having ended it: whatever is left of it is killed before anybody is told.
  if (record.status === null && record.keeperBoot !== null && !record.keeperAlive) {
    record.status = { kind: 'lost', boot: machine.boot, fence: record.fence };
    record.step = 'none';
  }
  if (record.status === null && record.keeperBoot === null) {
    // The connection broke before the inputs were whole: nothing of it is on the node.
    machine.records.delete(record.key);
    ends(task, outcomeOfStatus(context, attempt, { kind: 'lost', boot: 0, fence: 0 }, house.store.nowMs));
    return;
  }
  if (record.status !== null) ends(task, outcomeOfStatus(context, attempt, record.status, house.store.nowMs));
}

function createMachine(house: House, task: Task, context: StepContext, attempt: Attempt, choice: number): void {
  const { node } = context;
  const { nowMs } = house.store;
  if (node === null) {
    ends(task, null);
    return;
  }
  const ours = house.store.claims.get(task.rowId)?.fence === task.fence;
  if (house.rules.providerNeedsFence && !ours) {
    ends(task, null);
    return;
  }
  const known = house.machines.get(node.id);
  if (choice !== 1 && known?.exists !== true) house.machines.set(node.id, newMachine(node.id));
  const wait = { why: 'boots', inMs: 500, resume: attempt.resume };
  if (choice === 1) {
    ends(task, failed(context, { kind: 'unavailable', code: 'unavailable', message: '' }, nowMs));
    return;
  }
  if (choice === 2 || known?.reachable === false) {
    ends(task, pended(context, attempt, wait, nowMs, { state: 'creating' }));
    return;
  }
  if (choice === 4) {
    ends(task, failed(context, { kind: 'failed', code: 'quota', message: '' }, nowMs, { state: 'failed' }));
    return;
  }
  ends(task, doneOutcome(context, nowMs, { state: 'ready', lost: false }));
}

/** Known before the call: a machine that may be half gone is never taken for one that stands. */
function markMachine(house: House, task: Task, context: StepContext): void {
  const { store, rules, watch } = house;
  const node = context.node === null ? undefined : store.nodes.get(context.node.id);
  if (node === undefined) {
    ends(task, null);
    return;
  }
  const ours = store.claims.get(task.rowId)?.fence === task.fence;
  if (rules.providerNeedsFence && !ours) {
    ends(task, null);
    return;
  }
  if (context.node?.state !== 'destroying') {
    if (!ours) watch.say(`stale: ${node.name} was marked for its end under an old fence`);
    patchNode(store, node.id, { state: 'destroying' });
  }
  task.stage = 'marked';
}

function destroyMachine(house: House, task: Task, choice: number): void {
  const { context, attempt } = task;
  const { nowMs } = house.store;
  if (context?.node == null || attempt === null) {
    ends(task, null);
    return;
  }
  const machine = house.machines.get(context.node.id);
  const state = house.store.nodes.get(context.node.id)?.state;
  const wait = { why: 'goes', inMs: 500, resume: attempt.resume };
  if (choice === 1) {
    ends(task, failed(context, { kind: 'unavailable', code: 'unavailable', message: '' }, nowMs));
    return;
  }
  if (machine?.exists === true && state !== 'destroying' && state !== 'destroyed')
    house.watch.say(`destroy: the machine of ${context.node.name} goes while it is ${state ?? 'unknown'}`);
  if (machine !== undefined) {
    machine.exists = false;
    machine.records.clear();
    machine.fences.clear();
  }
  if (choice === 2) {
    ends(task, pended(context, attempt, wait, nowMs, { state: 'destroying' }));
    return;
  }
  ends(task, { kind: 'done', applied: null, node: { state: 'destroyed' } });
}

function record(house: House, task: Task): void {
  const { store, rules, watch } = house;
  const { attempt, outcome } = task;
  task.stage = 'over';
  if (attempt === null || outcome === null) return;
  const row = store.rows.get(task.rowId);
  const stale = store.claims.get(task.rowId)?.fence !== task.fence || row?.fence !== task.fence;
  const taken = finishRow(store, rules, { rowId: task.rowId, attemptId: attempt.id, fence: task.fence, outcome });
  if (stale && (taken || store.rows.get(task.rowId) !== row))
    watch.say(`stale: a late result of ${row?.key ?? ''} counted`);
}

/** Renews the leases of what the worker has claimed, and lets go of what is another's. */
export function heartBeats(house: House, worker: Worker): void {
  const held = worker.tasks.filter((task) => task.attempt !== null);
  const { lost, abort: asked } = beat(house.store, worker.id, held);
  worker.tasks = worker.tasks.filter((task) => task.attempt === null || !lost.has(task.rowId));
  for (const task of worker.tasks) if (task.attempt !== null && asked.has(task.rowId)) task.abort = true;
}
