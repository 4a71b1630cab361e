/** Mirrors packages/workflows/src/engine/scheduler.ts, finish-run.ts and packages/db/src/engine/admit.ts, end-run.ts. */
import { admit, lockKey, refusal } from '../admission.ts';
import { holds } from '../transition.ts';
import { candidatesOf, type Placed, worldOf } from './candidates.ts';
import { changeRow, dropRows, freeLocks } from './change-rows.ts';
import { queuedDriveMs, redrive } from './claim-and-finish.ts';
import { freshMemory, type House } from './house.ts';
import { checkAdmission } from './invariants.ts';
import { judge, standstill } from './judge.ts';
import { loadRunView, nodesOf, refreshRows, type RunView } from './run-view.ts';
import { emit, liveRun, type Row, type Run } from './store.ts';

/** The parts of a pass: whatever else happens may happen between two of them. */
const phases = [follow, judgeAll, decide, commit, driveAgain, close];

export function passPhase(house: House): void {
  const { scheduler } = house;
  const phase = phases[scheduler.phase] ?? follow;
  scheduler.phase = (scheduler.phase + 1) % phases.length;
  phase(house);
}

export function pass(house: House): void {
  do passPhase(house);
  while (house.scheduler.phase !== 0);
}

export function restart(house: House): void {
  house.scheduler = freshMemory();
}

/** Brings the view up to what the events said. */
function follow(house: House): void {
  const { store, rules, content, scheduler } = house;
  const from = scheduler.readEvents;
  const run = liveRun(store);
  const rows = new Set<string>();
  let reloads = from < 0;
  for (const event of store.events.slice(Math.max(0, from))) {
    if (event.rowId === null) reloads = true;
    else rows.add(event.rowId);
  }
  scheduler.readEvents = store.events.length;
  const { view } = scheduler;
  if (reloads) {
    if (run === null) scheduler.view = null;
    else if (view?.run.id !== run.id) scheduler.view = loadRunView(store, rules, content, run);
    else {
      view.deployment = store.deployment;
      view.nodes = nodesOf(store);
    }
  }
  if (scheduler.view === null) return;
  const { id } = scheduler.view.deployment;
  const read = [...rows].flatMap((rowId) => store.rows.get(rowId) ?? []);
  refreshRows(
    rules,
    scheduler.view,
    read.filter((row) => row.deploymentId === id),
  );
}

/** Judges until nothing more follows. */
function judgeAll({ store, rules, scheduler: { view }, watch }: House): void {
  if (view === null) return;
  for (let turn = 0; turn < 200; turn += 1) {
    const changes = judge(rules, view, store.nowMs);
    if (changes.length === 0) return;
    const done = changes.map((change) => changeRow(store, change));
    refreshRows(
      rules,
      view,
      changes.flatMap((change) => store.rows.get(change.rowId) ?? []),
    );
    if (done.every((row) => row === null)) return;
  }
  watch.say('ends: judging never comes to an end');
}

function decide({ store, rules, scheduler }: House): void {
  const { view } = scheduler;
  scheduler.decided = [];
  scheduler.refusedForGood = new Set();
  if (view === null) return;
  const candidates = candidatesOf(rules, view);
  if (candidates.length === 0) return;
  const world = worldOf(store, rules, view);
  const byId = new Map(candidates.map((candidate) => [candidate.id, candidate]));
  scheduler.decided = admit(candidates, world).flatMap((candidate) => byId.get(candidate.id) ?? []);
  const started = new Set(scheduler.decided.map((candidate) => candidate.id));
  scheduler.refusedForGood = new Set(
    candidates.flatMap((one) =>
      !started.has(one.id) && refusal(one, world)?.kind === 'rollout-stopped' ? [one.id] : [],
    ),
  );
}

function commit(house: House): void {
  const { store, rules, scheduler } = house;
  const { decided, view } = scheduler;
  scheduler.decided = [];
  if (view === null) return;
  // The index node_roles_one_per_lane: the whole transaction fails, and the next pass reads everything anew.
  if (rules.lanesHold && lanesClash(house, decided)) {
    restart(house);
    return;
  }
  for (const candidate of decided) {
    const row = store.rows.get(candidate.id);
    const run = row?.runId == null ? undefined : store.runs.get(row.runId);
    if (rules.stopsHold && (store.deployment.paused || run?.state !== 'running')) continue;
    if (!takeLock(house, candidate)) continue;
    const set = { bumpDispatch: true as const, driveInMs: queuedDriveMs };
    const after = changeRow(store, {
      rowId: candidate.id,
      event: { kind: 'enqueued' },
      guard: { version: candidate.row.version },
      set,
    });
    if (after === null) {
      if (candidate.lock !== null) freeLocks(store, candidate.id);
      continue;
    }
    store.outbox.push({ rowId: candidate.id, dispatch: after.dispatch });
    checkAdmission(house, view, after);
  }
  refreshRows(
    rules,
    view,
    decided.flatMap(({ id }) => store.rows.get(id) ?? []),
  );
}

function takeLock({ store, rules }: House, { id, lock }: Placed): boolean {
  if (lock === null) return true;
  const key = lockKey(lock);
  const holder = store.locks.get(key);
  if (rules.locksHold && holder !== undefined && holder !== id) return false;
  store.locks.set(key, id);
  return true;
}

function lanesClash({ store }: House, decided: readonly Placed[]): boolean {
  const taken = new Set(
    [...store.rows.values()].flatMap((row) =>
      row.nodeId !== null && holds(row.state) ? [`${row.nodeId} ${row.lane}`] : [],
    ),
  );
  return decided.some(({ row }) => {
    const now = store.rows.get(row.id);
    if (row.nodeId === null || now?.version !== row.version) return false;
    const place = `${row.nodeId} ${row.lane}`;
    if (taken.has(place)) return true;
    taken.add(place);
    return false;
  });
}

function driveAgain(house: House): void {
  redrive(house.store, house.rules);
  sendOutbox(house);
}

export function sendOutbox(house: House): void {
  const jobs = house.store.outbox.splice(0);
  house.queue.push(...jobs);
  house.sent.push(...jobs);
}

function close(house: House): void {
  const { scheduler } = house;
  const { view } = scheduler;
  if (view === null) return;
  const end = standstill(view, scheduler.refusedForGood);
  if (end === null || !endRun(house, view, end)) return;
  scheduler.view = null;
  scheduler.readEvents = -1;
}

function endRun(house: House, view: RunView, end: 'succeeded' | 'failed'): boolean {
  const { store, rules } = house;
  const run = store.runs.get(view.run.id);
  if (run?.state !== 'running') return false;
  const seen = new Map([...view.rows.values()].map((row) => [row.id, row.version]));
  const rows = [...store.rows.values()].filter((row) => row.runId === run.id);
  const moved = (row: Row): boolean => seen.has(row.id) && seen.get(row.id) !== row.version;
  if (rules.endNeedsVersions && rows.some(moved)) return false;
  if (rules.endTidies && rows.some((row) => holds(row.state))) return false;
  if (rows.some(moved)) house.watch.say(`ends: ${run.id} ends over what somebody changed`);
  if (rows.some((row) => holds(row.state))) house.watch.say(`ends: ${run.id} ends while something of it is at work`);
  const leaks =
    run.purpose === 'destroy' && end === 'succeeded' && [...house.machines.values()].some((one) => one.exists);
  store.runs.set(run.id, { ...run, state: leaks ? 'failed' : end });
  if (rules.endTidies) for (const row of rows) freeLocks(store, row.id);
  store.deployment = { ...store.deployment, state: stateAfter(run, leaks ? 'failed' : end) };
  emit(store, `run.${end}`);
  if (store.deployment.state === 'destroyed') {
    const left = [...store.rows.values()].filter(
      (row) => row.deploymentId === run.deploymentId && row.state.state !== 'removed' && !holds(row.state),
    );
    dropRows(
      store,
      left.map((row) => row.id),
    );
  }
  return true;
}

function stateAfter(run: Run, end: 'succeeded' | 'failed'): 'active' | 'failed' | 'destroying' | 'destroyed' {
  if (run.purpose === 'destroy') return end === 'succeeded' ? 'destroyed' : 'destroying';
  return end === 'succeeded' ? 'active' : 'failed';
}
