/** What may happen next, drawn as two numbers: which deed, and which of the things it could be done to. */
import { approve } from './approve.ts';
import { patchNode } from './claim-and-finish.ts';
import { type House, type Task, type Worker } from './house.ts';
import { cancelRun, retryRow, setPaused, skipRow } from './interventions.ts';
import { type AttemptRecord, type Machine, progress, reboot } from './machine.ts';
import { propose } from './planning.ts';
import { pass, passPhase, restart, sendOutbox } from './scheduler.ts';
import type { Wish } from './small-content.ts';
import { livingNodes, livingRows, newDeployment, newId } from './store.ts';
import { heartBeats, stepTask, takeJob } from './worker.ts';
import { workOf } from '../transition.ts';

export type Deed = (house: House, x: number) => void;

const pick = <T>(all: readonly T[], x: number): T | undefined => (all.length === 0 ? undefined : all[x % all.length]);

const tasksOf = (house: House, frozen = false): readonly (readonly [Worker, Task])[] =>
  house.workers
    .filter((worker) => worker.frozen === frozen)
    .flatMap((worker) => worker.tasks.map((task) => [worker, task] as const));

export const recordsOf = (house: House): readonly (readonly [Machine, AttemptRecord])[] =>
  [...house.machines.values()]
    .filter((machine) => machine.exists)
    .flatMap((machine) =>
      [...machine.records.values()]
        .filter((one) => one.status === null && one.keeperAlive)
        .map((one) => [machine, one] as const),
    );

function deliver(house: House, x: number): void {
  const worker = pick(
    house.workers.filter((one) => !one.frozen),
    Math.floor(x / 7),
  );
  if (worker === undefined || house.queue.length === 0) return;
  const [job] = house.queue.splice(x % house.queue.length, 1);
  if (job !== undefined) takeJob(house, worker, job);
}

/** One of the latest, or any of before. */
function duplicate(house: House, x: number): void {
  const job = pick(x % 2 === 0 ? house.sent : house.sent.slice(-4), Math.floor(x / 2));
  if (job !== undefined) house.queue.push(job);
}

function work(house: House, x: number): void {
  const chosen = pick(tasksOf(house), x);
  if (chosen !== undefined) stepTask(house, ...chosen, faultOf(Math.floor(x / 13)));
}

/** Most steps end well. */
const faultOf = (x: number): number => (x % 6 === 5 ? 1 + (Math.floor(x / 6) % 4) : 0);

function runOn(house: House, x: number): void {
  const chosen = pick(recordsOf(house), x);
  if (chosen !== undefined) progress(house.rules, house.watch, ...chosen, faultOf(Math.floor(x / 11)));
}

/** Everything that can go on without a fault goes on a little: histories get somewhere. */
function flow(house: House, x: number): void {
  pass(house);
  for (const job of house.queue.splice(0)) {
    const worker = house.workers.find((one) => !one.frozen);
    if (worker === undefined) house.queue.push(job);
    else takeJob(house, worker, job);
  }
  for (let turn = 0; turn < 4 - (x % 4); turn += 1)
    for (const [worker, task] of tasksOf(house)) stepTask(house, worker, task, 0);
  for (let turn = 0; turn < 2; turn += 1)
    for (const [machine, record] of recordsOf(house))
      if (machine.reachable) progress(house.rules, house.watch, machine, record, 0);
  for (const [worker, task] of tasksOf(house)) stepTask(house, worker, task, 0);
  for (const [worker, task] of tasksOf(house)) stepTask(house, worker, task, 0);
}

export function passTime(house: House, ms: number): void {
  // Live workers beat meanwhile, so only a frozen one's lease runs out.
  for (let left = ms; left > 0; left -= 5_000) {
    house.store.nowMs += Math.min(left, 5_000);
    for (const worker of house.workers) if (!worker.frozen) heartBeats(house, worker);
  }
}

const pauses = [200, 1_000, 3_000, 6_000, 16_000];

/** Their processes and claims stay as they are; only what they remember is gone. */
function crash(house: House, x: number): void {
  const worker = pick(house.workers, x);
  if (worker === undefined) return;
  worker.tasks = [];
  worker.frozen = false;
}

function change(house: House, x: number): void {
  const { wish } = house;
  const y = Math.floor(x / 6);
  const changes: readonly Partial<Wish>[] = [
    { v: (wish.v + 1 + (y % 2)) % 3 },
    { w: (wish.w + 1) % 3 },
    { a: 1 + (y % 3) },
    { b: y % 3 },
    { omitA: omitLost(house, 'a') },
    { omitB: omitLost(house, 'b') },
  ];
  house.formerWish = wish;
  house.wish = { ...wish, ...changes[x % changes.length] };
}

/** What was wanted before is wanted again; ordinals that were given up stay so. */
function turnBack(house: House): void {
  const { wish, formerWish } = house;
  house.formerWish = wish;
  house.wish = { ...formerWish, omitA: wish.omitA, omitB: wish.omitB };
  applyNow(house);
}

function applyNow(house: House): void {
  proposeWish(house);
  approveOpen(house);
}

/** The worker of a claimed task stands still until its lease is over and others have what was its. */
function stall(house: House, x: number): void {
  const awake = house.workers.filter((worker) => !worker.frozen);
  const claimed = tasksOf(house).filter(([, task]) => task.attempt !== null);
  const early = claimed.filter(([, task]) => task.stage === 'claimed' || task.stage === 'marked');
  const [worker] = pick(early.length > 0 ? early : claimed, x) ?? [];
  if (worker === undefined || awake.length < 2) return;
  worker.frozen = true;
  if (Math.floor(x / 64) % 3 === 0) cancelRun(house.store);
  passTime(house, 16_000);
  flow(house, 0);
}

/** It goes on where it stood, before its next beat tells it what became of its leases. */
function thaw(house: House, x: number): void {
  const worker = pick(
    house.workers.filter((one) => one.frozen),
    x,
  );
  if (worker === undefined) return;
  worker.frozen = false;
  for (const task of [...worker.tasks])
    for (let turn = 0; turn < 1 + (x % 3); turn += 1) stepTask(house, worker, task, 0);
}

export const omitLost = (house: House, group: 'a' | 'b'): readonly number[] => [
  ...(group === 'a' ? house.wish.omitA : house.wish.omitB),
  ...livingNodes(house.store).flatMap((node) => (node.group === group && node.lost ? [node.ordinal] : [])),
];

/** Proposing needs a deployment that is not being destroyed; a destroyed one's name is free again. */
export function proposeWish(house: House): string | null {
  const { store } = house;
  if (store.deployment.state === 'destroying') return 'destroying';
  if (store.deployment.state === 'destroyed') store.deployment = newDeployment(newId(store, 'd'));
  const proposed = propose(store, house.content, house.content.spec(house.wish), 'apply');
  house.proposal = proposed.ok ? proposed.value : null;
  return proposed.ok ? null : (proposed.problems[0]?.code ?? 'refused');
}

export function approveOpen(house: House): boolean {
  const { proposal } = house;
  house.proposal = null;
  return proposal !== null && approve(house.store, house.content, proposal);
}

export function destroy(house: House): void {
  const { store } = house;
  const committed = store.deployment.committed ?? house.content.spec(house.wish);
  if (store.deployment.state === 'destroyed' || store.deployment.state === 'new') return;
  const proposed = propose(store, house.content, committed, 'destroy');
  house.proposal = proposed.ok ? proposed.value : null;
  approveOpen(house);
}

function observe(house: House, x: number): void {
  const { store, look } = house;
  house.look = null;
  if (look !== null) {
    const node = store.nodes.get(look.nodeId);
    const watched = node?.state === 'ready' || node?.state === 'unreachable';
    if (house.rules.lookNeedsState && !watched) return;
    if (node !== undefined && (node.state !== look.state || node.lost !== look.lost)) {
      if (!watched) house.watch.say(`look: ${node.name} was ${node.state} and is ${look.state} again by a late look`);
      patchNode(store, node.id, { state: look.state, lost: look.lost });
    }
    return;
  }
  const node = pick(
    livingNodes(store).filter((one) => one.state === 'ready' || one.state === 'unreachable'),
    x,
  );
  if (node === undefined) return;
  const machine = house.machines.get(node.id);
  const there = machine?.exists === true;
  house.look = { nodeId: node.id, state: there && machine.reachable ? 'ready' : 'unreachable', lost: !there };
}

const machinesOf = (house: House): readonly Machine[] =>
  [...house.machines.values()].filter((machine) => machine.exists);

/** Each deed as often as its weight says, out of all. The first is what a history shrinks to. */
export const deeds: readonly { readonly name: string; readonly weight: number; readonly deed: Deed }[] = [
  { name: 'flow', weight: 12, deed: flow },
  { name: 'pass', weight: 8, deed: pass },
  { name: 'part of a pass', weight: 8, deed: passPhase },
  { name: 'deliver', weight: 12, deed: deliver },
  { name: 'work', weight: 26, deed: work },
  { name: 'run on', weight: 16, deed: runOn },
  { name: 'time', weight: 7, deed: (house, x) => passTime(house, pauses[x % pauses.length] ?? 200) },
  {
    name: 'apply',
    weight: 7,
    deed: applyNow,
  },
  { name: 'wish', weight: 6, deed: change },
  { name: 'propose', weight: 3, deed: (house) => void proposeWish(house) },
  { name: 'approve', weight: 3, deed: (house) => void approveOpen(house) },
  { name: 'send', weight: 1, deed: sendOutbox },
  { name: 'duplicate', weight: 4, deed: duplicate },
  { name: 'lose', weight: 2, deed: (house, x) => void house.queue.splice(x % Math.max(1, house.queue.length), 1) },
  { name: 'crash', weight: 3, deed: crash },
  { name: 'freeze', weight: 2, deed: freeze },
  { name: 'stall', weight: 5, deed: stall },
  { name: 'thaw', weight: 8, deed: thaw },
  { name: 'turn back', weight: 5, deed: turnBack },
  { name: 'scheduler dies', weight: 2, deed: restart },
  { name: 'reboot', weight: 2, deed: (house, x) => [pick(machinesOf(house), x)].forEach((one) => one && reboot(one)) },
  {
    name: 'out of reach',
    weight: 3,
    deed: (house, x) => [pick(machinesOf(house), x)].forEach((one) => one && (one.reachable = !one.reachable)),
  },
  {
    name: 'supervisor dies',
    weight: 1,
    deed: (house, x) => [pick(recordsOf(house), x)].forEach((one) => one && (one[1].keeperAlive = false)),
  },
  {
    name: 'machine vanishes',
    weight: 1,
    deed: (house, x) => [pick(machinesOf(house), x)].forEach((one) => one && vanish(one)),
  },
  { name: 'look', weight: 5, deed: observe },
  { name: 'cancel', weight: 2, deed: (house) => void cancelRun(house.store) },
  { name: 'pause', weight: 1, deed: (house) => setPaused(house.store, !house.store.deployment.paused) },
  {
    name: 'retry',
    weight: 4,
    deed: (house, x) => [pick(failedOf(house), x)].forEach((row) => row && retryRow(house.store, row)),
  },
  {
    name: 'skip',
    weight: 2,
    deed: (house, x) => [pick(livingRows(house.store), x)].forEach((row) => row && skipRow(house.store, row)),
  },
  { name: 'meddle', weight: 4, deed: meddle },
  { name: 'destroy', weight: 1, deed: destroy },
];

const failedOf = (house: House) => livingRows(house.store).filter((row) => workOf(row.state)?.phase === 'failed');

/** Somebody comes between what the scheduler saw and what it makes of it. */
function meddle(house: House, x: number): void {
  for (let left = 1 + (x % 5); left > 0 || house.scheduler.phase !== 5; left = 0) passPhase(house);
  const row = pick(failedOf(house), Math.floor(x / 10));
  if (row !== undefined) (x % 2 === 0 ? retryRow : skipRow)(house.store, row);
  passPhase(house);
}

function freeze(house: House, x: number): void {
  const awake = house.workers.filter((one) => !one.frozen);
  const worker = pick(awake, x);
  if (worker !== undefined && awake.length > 1) worker.frozen = true;
}

function vanish(machine: Machine): void {
  machine.exists = false;
  machine.records.clear();
  machine.fences.clear();
}

const total = deeds.reduce((sum, one) => sum + one.weight, 0);

export function deedOf(number: number): (typeof deeds)[number] {
  let left = number % total;
  for (const one of deeds) {
    if (left < one.weight) return one;
    left -= one.weight;
  }
  throw new Error('weights do not add up');
}
