/** What must always hold. docs/architecture.md lists these in the same words; each violation begins with its name. */
import { limitOf } from '../retry.ts';
import { holds, workOf } from '../transition.ts';
import { stateJson } from './change-rows.ts';
import type { House } from './house.ts';
import type { RunView } from './run-view.ts';
import { attemptOf, type Row } from './store.ts';
import { parentsOf } from './truth.ts';

/** At the moment when admission lets a node-role start. */
export function checkAdmission(house: House, view: RunView, row: Row): void {
  const { store, watch, roles } = house;
  const say = (violation: string): void => watch.say(violation);
  const run = row.runId === null ? undefined : store.runs.get(row.runId);
  if (run?.state !== 'running') say(`stopped: ${row.key} starts in a run that is ${run?.state ?? 'none'}`);
  if (store.deployment.paused) say(`stopped: ${row.key} starts while paused`);
  const holding = [...store.rows.values()].filter((other) => other.id !== row.id && holds(other.state));
  const inLane = holding.find((other) => row.nodeId !== null && other.nodeId === row.nodeId && other.lane === row.lane);
  if (inLane !== undefined) say(`lane: ${row.key} starts beside ${inLane.key} in ${row.lane}`);
  const role = roles.get(row.role);
  const founding = row.founder && row.applied === null;
  watch.lockOf.delete(row.id);
  if (role !== undefined && !founding) {
    if (role.limits.lock !== null) {
      const { name, scope } = role.limits.lock;
      const site = row.nodeId === null ? '' : (store.nodes.get(row.nodeId)?.site ?? '');
      const key = `${name} ${scope === 'site' ? `site:${site}` : `deployment:${row.deploymentId}`}`;
      watch.lockOf.set(row.id, key);
      const other = holding.find((one) => watch.lockOf.get(one.id) === key);
      if (other !== undefined) say(`lock: ${row.key} starts while ${other.key} has ${key}`);
    }
    const instances = (rows: Iterable<Row>): number =>
      [...rows].filter(
        (one) => one.role === row.role && one.deploymentId === row.deploymentId && one.state.state !== 'removed',
      ).length;
    const limit = limitOf(role.limits.max, Math.max(instances(store.rows.values()), instances(view.rows.values())));
    const beside = holding.filter((one) => one.role === row.role && !(one.founder && one.applied === null)).length;
    if (limit !== null && beside + 1 > limit) say(`max: ${row.key} is one of ${beside + 1}, ${limit} are allowed`);
  }
  const vertex = view.verticesOf.get(row.key);
  if (vertex === undefined) return;
  const { hard, order } = parentsOf(house, view.run, vertex.key, (key) => view.rows.get(key) ?? null);
  if (!hard) say(`parents: ${row.key} is admitted before what it needs`);
  if (!order) say(`parents: ${row.key} is admitted before what it comes after`);
}

/** After every command. */
export function checkAlways(house: House): void {
  const { store, watch } = house;
  for (const { before, after, kind } of store.changed.splice(0)) checkChange(house, before, after, kind);
  fold(house);
  for (const row of store.rows.values()) checkRow(house, row);
  for (const [key, rowId] of store.locks) {
    const row = store.rows.get(rowId);
    if (row === undefined || row.state.state === 'removed') watch.say(`tidy: ${key} is kept by what is removed`);
  }
}

function checkRow({ store, watch }: House, row: Row): void {
  const work = workOf(row.state);
  const claim = store.claims.get(row.id);
  if (work?.phase === 'running' && claim?.fence !== row.fence) watch.say(`claim: ${row.key} runs without its claim`);
  if (work?.phase !== 'running' && claim !== undefined) watch.say(`claim: ${row.key} is claimed and does not run`);
  if (work?.phase === 'running' || work?.phase === 'waiting') {
    const attempt = attemptOf(store, row);
    if (work.attempt !== row.attempt || attempt?.state !== work.phase)
      watch.say(`claim: the attempt of ${row.key} is not open`);
  }
  if (!holds(row.state)) return;
  if (row.runId === null) watch.say(`driven: ${row.key} holds and belongs to no run, so nobody drives it`);
  const lock = watch.lockOf.get(row.id);
  if (lock !== undefined && store.locks.get(lock) !== row.id) watch.say(`lock: ${row.key} works without ${lock}`);
}

function checkChange(house: House, before: Row | null, after: Row, kind: string): void {
  const { store, watch, roles } = house;
  if (before === null) return;
  if (after.fence < before.fence) watch.say(`fence: of ${after.key} fell in the database`);
  const isNew = kind === 'claimed' && before.attempt !== after.attempt;
  if (after.attempt !== before.attempt && (!isNew || after.attempt !== before.attempt + 1))
    watch.say(`attempts: ${after.key} went from ${before.attempt} to ${after.attempt} by ${kind}`);
  if (kind === 'claimed') {
    if (after.fence !== before.fence + 1) watch.say(`fence: ${after.key} was claimed without a new fence`);
    const work = workOf(before.state);
    const aborted = store.claims.get(after.id)?.abort === true;
    if (work?.phase === 'waiting' && work.untilMs > store.nowMs && !aborted)
      watch.say(`twice: the wait of ${after.key} was cut short by a job that came twice`);
  }
  if (isNew) {
    if (after.applied?.clean === true) watch.say(`clean: ${after.key} starts and still counts as verified`);
    const run = after.runId === null ? undefined : store.runs.get(after.runId);
    const vertex = run?.plan.graph.vertices.find((one) => one.kind === 'node-role' && one.nodeRole === after.key);
    if (run !== undefined && vertex !== undefined && run.state === 'running') {
      const byKey = new Map(
        [...store.rows.values()].flatMap((row) => (row.state.state === 'removed' ? [] : [[row.key, row] as const])),
      );
      const { hard } = parentsOf(house, run, vertex.key, (key) => byKey.get(key) ?? null);
      if (!hard) watch.say(`parents: ${after.key} is claimed before what it needs`);
    }
  }
  const { applied } = after;
  if (applied?.clean !== true) return;
  if (before.applied?.clean === true && before.applied.inputHash === applied.inputHash) return;
  const attempt = attemptOf(store, after);
  const passed = roles.get(after.role)?.executor !== 'script' || watch.passed.has(attempt?.id ?? '');
  if (kind !== 'done' || !passed || attempt?.inputHash !== applied.inputHash)
    watch.say(`clean: ${after.key} counts as verified by ${kind} and nothing verified it`);
}

/** Folding the events gives the stored states. */
function fold({ store, watch }: House): void {
  const told = new Set<string>();
  for (const event of store.events.slice(watch.foldedEvents)) {
    if (event.rowId === null) continue;
    watch.folded.set(event.rowId, JSON.stringify(event.state));
    told.add(event.rowId);
  }
  watch.foldedEvents = store.events.length;
  for (const rowId of told) {
    const row = store.rows.get(rowId);
    if (row !== undefined && JSON.stringify(stateJson(row.state)) !== watch.folded.get(rowId))
      watch.say(`events: of ${row.key} tell of another state`);
  }
}
