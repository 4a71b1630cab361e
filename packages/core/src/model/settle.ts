/** From any reached state, once faults stop: the system runs on by itself, comes to an end, and nothing is left over. */
import { holds, workOf } from '../transition.ts';
import { patchNode } from './claim-and-finish.ts';
import { approveOpen, destroy, omitLost, passTime, proposeWish, recordsOf } from './commands.ts';
import type { House } from './house.ts';
import { setPaused } from './interventions.ts';
import { checkAlways } from './invariants.ts';
import { progress } from './machine.ts';
import { isDead } from '../plan/removals.ts';
import { bindRun, propose } from './planning.ts';
import { pass } from './scheduler.ts';
import { lastRun, livingNodes, livingRows, liveRun } from './store.ts';
import { stepTask, takeJob } from './worker.ts';

/** Enough for everything that a small deployment has to do one after the other. */
const mostRounds = 400;
const mostApplies = 6;

/** Without faults until nothing happens any more; answers whether the run is over. */
function drain(house: House): boolean {
  const { store } = house;
  let still = 0;
  for (let round = 0; round < mostRounds; round += 1) {
    const events = store.events.length;
    pass(house);
    const [first] = house.workers;
    for (const job of house.queue.splice(0)) if (first !== undefined) takeJob(house, first, job);
    let moved = true;
    for (let turn = 0; moved && turn < 12; turn += 1) {
      moved = false;
      for (const worker of house.workers)
        for (const task of [...worker.tasks]) moved = stepTask(house, worker, task, 0) || moved;
      for (const [machine, record] of recordsOf(house)) {
        const before = `${record.step} ${record.status?.kind ?? ''}`;
        progress(house.rules, house.watch, machine, record, 0);
        moved = moved || before !== `${record.step} ${record.status?.kind ?? ''}`;
      }
    }
    for (const machine of house.machines.values())
      for (const record of machine.records.values())
        if (record.status?.kind === 'reboot' && record.status.boot === machine.boot) machine.boot += 1;
    checkAlways(house);
    if (isBroken(house)) return false;
    if (isQuiet(house)) {
      pass(house);
      if (isQuiet(house)) return liveRun(store) === null;
    }
    still = store.events.length === events ? still + 1 : 0;
    if (still >= 4) return liveRun(store) === null;
    passTime(house, still > 0 ? 20_000 : 2_500);
  }
  house.watch.say('ends: it never comes to an end');
  return false;
}

const isBroken = ({ watch }: House): boolean => watch.violations.length > 0;

const isQuiet = (house: House): boolean =>
  liveRun(house.store) === null &&
  house.queue.length === 0 &&
  house.store.claims.size === 0 &&
  ![...house.store.rows.values()].some((row) => holds(row.state)) &&
  recordsOf(house).length === 0;

/** Everybody is there again, and answers. */
function heal(house: House): void {
  const { store } = house;
  for (const worker of house.workers) worker.frozen = false;
  for (const machine of house.machines.values()) machine.reachable = true;
  if (store.deployment.paused) setPaused(store, false);
  lookAtAll(house);
}

function lookAtAll(house: House): void {
  house.look = null;
  for (const node of livingNodes(house.store)) {
    if (node.state !== 'ready' && node.state !== 'unreachable') continue;
    const there = house.machines.get(node.id)?.exists === true;
    if (node.lost === there || (node.state === 'ready') !== there)
      patchNode(house.store, node.id, { state: there ? 'ready' : 'unreachable', lost: !there });
  }
}

export function settle(house: House): void {
  const { store, watch } = house;
  heal(house);
  const over = drain(house);
  if (isBroken(house)) return;
  lookAtAll(house);
  const dead = livingNodes(store).some(isDead);
  if (!over && !dead && !limitIsKept(house)) watch.say(`ends: the run does not end: ${stuck(house)}`);
  const last = lastRun(store);
  // What a person skipped is as that person wanted it; the next plan does it.
  const skipped = livingRows(store).some((row) => row.state.state === 'skipped');
  if (last?.state === 'succeeded' && last.purpose === 'apply' && !dead && !skipped && !movesOnce(house))
    checkWanted(house);
  for (let turn = 0; turn < mostApplies && !isBroken(house); turn += 1) {
    lookAtAll(house);
    if (store.deployment.state === 'destroying') destroy(house);
    else {
      house.wish = { ...house.wish, omitA: omitLost(house, 'a'), omitB: omitLost(house, 'b') };
      const refused = proposeWish(house);
      // What would cost a majority is refused, and says so; the way out that it names is to destroy.
      if (refused === 'quorum-lost' || (turn > 2 && nobodyEvicts(house))) destroy(house);
      // Half gone by a run that was cancelled: wanted under that name again, it is refused until somebody lets it go.
      else if (refused === 'node-being-destroyed') giveUpGoing(house);
      else if (refused !== null) watch.say(`ends: planning is refused: ${refused}`);
      else if (!approveOpen(house)) watch.say('ends: the plan that was just made is outdated');
    }
    const ended = drain(house);
    if (isBroken(house)) return;
    lookAtAll(house);
    // A machine that was lost while it was made is seen only now: a person has to give it up.
    if (!ended && !livingNodes(store).some(isDead) && !limitIsKept(house))
      watch.say(`ends: the run after it does not end: ${stuck(house)}`);
    if (store.deployment.state === 'destroyed') {
      checkDestroyed(house);
      return;
    }
    const last = lastRun(store);
    if (last?.state === 'succeeded' && last.purpose === 'apply' && !movesOnce(house)) {
      checkWanted(house);
      return;
    }
  }
  if (!isBroken(house)) watch.say(`ends: without faults it fails ${mostApplies} times: ${stuck(house)}`);
}

/** After a run that succeeded: all is as wanted, nothing is left over, and planning again finds nothing to do. */
function checkWanted(house: House): void {
  const { store, watch } = house;
  const run = lastRun(store);
  if (run === null) return;
  const bindings = bindRun(store, house.content, run.spec, run.plan.purpose);
  const outlived = new Set(bindings?.outlived.map((one) => one.key));
  const wanted = new Set([...(bindings?.byKey.keys() ?? []), ...outlived]);
  for (const row of livingRows(store)) {
    // Of what outlived its machine only the outputs count.
    if (outlived.has(row.key)) continue;
    if (!wanted.has(row.key)) watch.say(`lost: ${row.key} is ${row.state.state} and nobody wants it`);
    else if (row.state.state !== 'active')
      watch.say(`lost: ${row.key} is ${row.state.state} after a run that succeeded`);
  }
  const there = new Set(livingRows(store).map((row) => row.key));
  for (const key of wanted) if (!there.has(key)) watch.say(`lost: ${key} is wanted and not there`);
  checkTidy(house);
  for (const node of livingNodes(store))
    if (house.machines.get(node.id)?.exists !== true && !node.lost)
      watch.say(`lost: ${node.name} is ${node.state} without a machine`);
  const again = propose(store, house.content, run.spec, 'apply');
  if (!again.ok) watch.say(`empty: planning again is refused: ${again.problems[0]?.message ?? ''}`);
  else if (again.value.plan.actions.length > 0)
    watch.say(`empty: planning again wants ${JSON.stringify(again.value.plan.actions[0])}`);
}

function giveUpGoing(house: House): void {
  const going = (group: string) =>
    livingNodes(house.store).flatMap((node) =>
      node.group === group && node.state === 'destroying' ? [node.ordinal] : [],
    );
  const { omitA, omitB } = house.wish;
  house.wish = { ...house.wish, omitA: [...omitA, ...going('a')], omitB: [...omitB, ...going('b')] };
}

/** A failed instance that was active before keeps its place under `max` until a person sees to it, and says so. */
const limitIsKept = (house: House): boolean =>
  livingRows(house.store).some(
    (row) =>
      workOf(row.state)?.phase === 'ready' &&
      house.roles.get(row.role)?.limits.max !== null &&
      livingRows(house.store).some(
        (one) => one.role === row.role && one.state.state === 'failed' && one.applied !== null,
      ),
  );

/** The only members left never came to anything, so none can take the dead ones out: it says so, time after time. */
const nobodyEvicts = (house: House): boolean =>
  livingRows(house.store).some(
    ({ state }) =>
      state.state === 'removing' && state.work.phase === 'failed' && state.work.error.code === 'not-startable',
  );

/**
 * A `once` role that began on a machine that is gone, and never came to anything: it is bound anew by the plan after
 * the one that took the machine away, never by that one.
 */
function movesOnce(house: House): boolean {
  if (![...house.roles.values()].some((role) => role.placement === 'once')) return false;
  const run = lastRun(house.store);
  const again = run === null ? null : propose(house.store, house.content, run.spec, 'apply');
  return again?.ok === true && Object.keys(again.value.plan.once).length > 0;
}

function checkDestroyed(house: House): void {
  for (const row of livingRows(house.store))
    house.watch.say(`lost: ${row.key} is ${row.state.state} in what is destroyed`);
  for (const node of livingNodes(house.store))
    house.watch.say(`lost: ${node.name} is ${node.state} in what is destroyed`);
  checkTidy(house);
}

function checkTidy({ store, watch, machines }: House): void {
  for (const rowId of store.claims.keys()) watch.say(`tidy: a claim of ${store.rows.get(rowId)?.key ?? rowId} is left`);
  for (const [key, rowId] of store.locks) watch.say(`tidy: ${key} is left with ${store.rows.get(rowId)?.key ?? rowId}`);
  for (const attempt of store.attempts.values())
    if (attempt.state === 'running' || attempt.state === 'waiting')
      watch.say(`tidy: attempt ${attempt.id} is left open`);
  for (const machine of machines.values()) {
    const node = store.nodes.get(machine.nodeId);
    if (machine.exists && (node === undefined || node.state === 'destroyed'))
      watch.say(`tidy: a machine of ${node?.name ?? '?'} is left`);
    if (!machine.exists) continue;
    for (const record of machine.records.values())
      if (record.status === null && record.step !== 'none' && record.keeperAlive)
        watch.say(`tidy: ${record.key} still runs`);
  }
}

const stuck = (house: House): string =>
  livingRows(house.store)
    .filter((row) => row.state.state !== 'active')
    .map((row) => `${row.key} ${JSON.stringify(row.state)} ${workOf(row.state)?.phase ?? ''}`)
    .slice(0, 3)
    .join('; ');
