/** Mirrors packages/db/src/engine/approve.ts, bind-planned-node-roles.ts and insert-planned-*.ts. */
import type { WorkVertex } from '../graph.ts';
import { indexContent } from '../graph/content-index.ts';
import type { PlanAction } from '../plan.ts';
import { holds, type NodeRoleEvent, workOf } from '../transition.ts';
import { changeRow, freeLocks, type Settings, writeRow } from './change-rows.ts';
import { planVersion, type Proposal } from './planning.ts';
import type { SmallContent } from './small-content.ts';
import {
  emit,
  livingNodes,
  livingRows,
  liveRun,
  newId,
  type Pending,
  type Row,
  type Run,
  type Store,
} from './store.ts';

interface Scope {
  readonly store: Store;
  readonly content: SmallContent;
  readonly run: Run;
  readonly digests: ReadonlyMap<string, string>;
}

/** False where the plan speaks of what is no more. */
export function approve(store: Store, content: SmallContent, proposal: Proposal): boolean {
  if (!isStillSo(store, proposal)) return false;
  const { plan, spec } = proposal;
  const former = liveRun(store);
  if (former !== null) {
    store.runs.set(former.id, { ...former, state: 'superseded' });
    emit(store, 'run.superseded');
  }
  const purpose = plan.purpose === 'destroy' ? 'destroy' : 'apply';
  const run: Run = {
    id: newId(store, 'run'),
    deploymentId: store.deployment.id,
    plan,
    spec,
    purpose,
    state: 'running',
  };
  store.runs.set(run.id, run);
  const { deployment } = store;
  store.deployment = {
    ...deployment,
    ...(purpose === 'apply' ? { committed: spec, committedVersion: deployment.committedVersion + 1 } : {}),
    state: purpose === 'destroy' ? 'destroying' : 'running',
    founders: { ...deployment.founders, ...plan.founders },
    once: { ...deployment.once, ...plan.once },
  };
  emit(store, 'run.started');
  const index = indexContent(content.content);
  const digests = new Map([...index.roles].map(([name, role]) => [name, role.digest]));
  insertNodes(store, proposal);
  bindRows({ store, content, run, digests });
  return true;
}

function isStillSo(store: Store, { plan, committedVersion }: Proposal): boolean {
  if (store.deployment.committedVersion !== committedVersion) return false;
  const moving = liveRun(store) !== null;
  const rows = new Map(livingRows(store).map((row) => [row.key, row.version]));
  const nodes = new Map(livingNodes(store).map((node) => [node.name, node.version]));
  const { precondition } = plan;
  const same = (now: number | undefined, then: number): boolean =>
    now !== undefined && planVersion(now, moving) === then;
  if (Object.entries(precondition.nodeRoles).some(([key, version]) => !same(rows.get(key), version))) return false;
  return !Object.entries(precondition.nodes).some(([name, version]) => !same(nodes.get(name), version));
}

function insertNodes(store: Store, { plan, spec }: Proposal): void {
  const known = new Set(livingNodes(store).map((node) => node.name));
  for (const { action, node } of plan.actions) {
    if (action !== 'create-node' || node === null || known.has(node)) continue;
    const [, groupName = '', ordinal = '0'] = /^d-(.*)-(\d+)$/.exec(node) ?? [];
    const group = spec.groups.find((one) => one.name === groupName);
    const id = newId(store, 'n');
    store.nodes.set(id, {
      id,
      deploymentId: store.deployment.id,
      name: node,
      group: groupName,
      ordinal: Number(ordinal),
      site: group?.site ?? '',
      state: 'planned',
      origin: 'created',
      lost: false,
      image: group?.image ?? null,
      size: group?.size ?? null,
      capabilities: [],
      facts: {},
      version: 1,
    });
    emit(store, 'node.planned');
  }
}

const leaves = ({ action }: PlanAction): boolean =>
  action === 'remove' || action === 'evict' || action === 'destroy-node';
const actionKey = (action: PlanAction): string => `${leaves(action) ? 'leave' : 'apply'} ${action.nodeRole}`;

const pendingOf = ({ action, reason, certainty, disruption }: PlanAction, purpose: Pending['purpose']): Pending => ({
  action,
  purpose,
  reason,
  certainty,
  disruption,
  forced: false,
  carriedAttempt: null,
});

function bindRows(scope: Scope): void {
  const { store, run, digests } = scope;
  const living = livingRows(store);
  const byKey = new Map(living.map((row) => [row.key, row]));
  const actions = new Map(run.plan.actions.map((action) => [actionKey(action), action]));
  const touched = new Set<string>();
  const inserts: (readonly [WorkVertex, Pending | null])[] = [];
  for (const vertex of run.plan.graph.vertices) {
    if (vertex.kind === 'gate') continue;
    const row = byKey.get(vertex.nodeRole);
    const action = actions.get(`${vertex.purpose === 'apply' ? 'apply' : 'leave'} ${vertex.nodeRole}`);
    const pending = action === undefined ? null : pendingOf(action, vertex.purpose);
    if (row === undefined) {
      if (vertex.purpose === 'apply') inserts.push([vertex, pending]);
      continue;
    }
    touched.add(row.key);
    if (pending === null) {
      if (row.runId !== null && row.runId !== run.id) bound(store, row, null, { runId: null, pending: null });
      continue;
    }
    if (holds(row.state) && vertex.purpose !== 'apply') {
      stopForRemoval(store, row, run.id, pending);
      continue;
    }
    const phase = workOf(row.state)?.phase;
    const live = phase === 'running' || phase === 'waiting';
    bound(store, row, live ? null : beginOf(vertex, row), {
      runId: run.id,
      pending: live ? { ...pending, carriedAttempt: row.attempt } : pending,
      tries: 0,
      ...(vertex.purpose === 'apply' && !live ? { roleDigest: digests.get(vertex.role) ?? '' } : {}),
    });
  }
  dropUnbound(scope, living, touched);
  insertRows(scope, inserts);
  for (const row of livingRows(store)) if (!holds(row.state)) freeLocks(store, row.id);
}

function bound(store: Store, row: Row, event: NodeRoleEvent | null, set: Settings): void {
  if (changeRow(store, { rowId: row.id, event, set }) === null)
    throw new Error(`plan-not-bound: ${row.key} is ${row.state.state} and takes no ${event?.kind ?? 'change'}`);
}

function stopForRemoval(store: Store, row: Row, runId: string, pending: Pending | null): void {
  const set = { runId, pending, tries: 0 };
  if (workOf(row.state)?.phase !== 'running') {
    bound(store, row, { kind: 'withdrawn' }, set);
    return;
  }
  const claim = store.claims.get(row.id);
  if (claim !== undefined) store.claims.set(row.id, { ...claim, abort: true });
  bound(store, row, null, set);
}

function beginOf(vertex: WorkVertex, row: Row): NodeRoleEvent {
  if (holds(row.state)) return { kind: 'withdrawn' };
  return vertex.purpose === 'apply' || row.state.state === 'removing' ? { kind: 'planned' } : { kind: 'leaving' };
}

/** Node-roles that the new graph does not know: of the deployment itself, or of a node that stays. */
function dropUnbound({ store, run }: Scope, living: readonly Row[], touched: ReadonlySet<string>): void {
  const leaving = new Set(run.plan.actions.flatMap(({ action, node }) => (action === 'destroy-node' ? [node] : [])));
  for (const row of living) {
    if (touched.has(row.key)) continue;
    const node = row.nodeId === null ? null : row.key.slice(row.as.length + 1);
    const goesWithNode = node !== null && leaving.has(node);
    if (holds(row.state)) stopForRemoval(store, row, run.id, null);
    else if (goesWithNode || run.purpose === 'destroy') bound(store, row, null, { runId: null, pending: null });
    else bound(store, row, { kind: 'dropped' }, { runId: null, pending: null });
  }
}

function insertRows({ store, run, digests }: Scope, inserts: readonly (readonly [WorkVertex, Pending | null])[]): void {
  const nodes = new Map(livingNodes(store).map((node) => [node.name, node.id]));
  for (const [vertex, pending] of inserts) {
    const row: Row = {
      id: newId(store, 'nr'),
      deploymentId: store.deployment.id,
      nodeId: vertex.node === null ? null : (nodes.get(vertex.node) ?? ''),
      key: vertex.nodeRole,
      role: vertex.role,
      as: vertex.as,
      group: vertex.group,
      lane: vertex.lane,
      roleDigest: digests.get(vertex.role) ?? '',
      state: { state: 'blocked' },
      founder: vertex.founder,
      everStarted: false,
      runId: run.id,
      pending,
      dispatch: 0,
      attempt: 0,
      fence: 0,
      tries: 0,
      version: 1,
      applied: null,
      driveAtMs: null,
      updatedAtMs: store.nowMs,
    };
    writeRow(store, null, row, 'planned');
  }
}
