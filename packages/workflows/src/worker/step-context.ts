import {
  type Binding,
  type Bindings,
  FormworkError,
  hashInputs,
  isJsonObject,
  type Json,
  type JsonObject,
  type PlanReason,
  producersOf,
  type ResolvedInputs,
  type RoleBundle,
} from '@formwork/core';
import {
  type Database,
  type DeploymentRow,
  type FullNodeRoleRow,
  type NodeRow,
  readDeployment,
  readNodeRolesById,
  readNodeRolesByKey,
  readNodeRolesOf,
  readNodes,
  readNodesUnder,
  readPlanHead,
  readRun,
  readSites,
  readSpecification,
  readWho,
  type RunRow,
} from '@formwork/db';
import { bindRun } from '../engine/bind-run.ts';
import { chooseNode } from '../engine/choose-node.ts';
import type { ContentStore } from '../engine/content-store.ts';
import type { SiteViewOf } from '../engine/run-view.ts';
import { gatherInputs } from '../engine/sources.ts';
import type { ScriptAction, ScriptPhase } from '../runner/script-launch.ts';
import { batched } from './batched.ts';

/** Everything one execution of a node-role needs; secrets still as references. */
export interface StepContext {
  readonly row: FullNodeRoleRow;
  readonly run: RunRow;
  readonly deployment: DeploymentRow;
  readonly bundle: RoleBundle;
  /** The node-role's own machine; null for those of the deployment. */
  readonly node: NodeRow | null;
  /** Where a script runs: the own machine, a peer (evict), or what `runsOn` chose. */
  readonly target: NodeRow | null;
  readonly action: ScriptAction;
  readonly phase: ScriptPhase;
  readonly founding: boolean;
  readonly inputs: ResolvedInputs;
  readonly untracked: JsonObject;
  readonly inputHash: string;
  /** The dead member, for an eviction. */
  readonly subject: JsonObject | null;
  /** Why it runs, in words a script can look for: `param etcd.quotaBackendBytes`. */
  readonly changed: readonly string[];
  readonly problem: string | null;
}

export interface ContextDeps {
  readonly db: Database;
  readonly content: ContentStore;
  readonly siteView: SiteViewOf;
}

/** What stays the same for all node-roles of a run. */
interface Frame {
  readonly run: RunRow;
  readonly deployment: DeploymentRow;
  readonly bindings: Bindings | null;
}

export interface StepContexts {
  /** Null when the node-role or its run is gone. */
  read(nodeRoleId: string): Promise<StepContext | null>;
  /** A run has started: what its steps have in common is read before the first of them comes. */
  prepare(runId: string): void;
}

const keptFrames = 16;

export function openStepContexts(deps: ContextDeps): StepContexts {
  const frames = new Map<string, Promise<Frame>>();
  const readers = openReaders(deps.db);
  const frameOf = (runId: string): Promise<Frame> => {
    const known = frames.get(runId);
    if (known !== undefined) return known;
    const read = readFrame(deps, runId);
    frames.set(runId, read);
    read.catch(() => frames.delete(runId));
    const oldest = frames.keys().next();
    if (frames.size > keptFrames && oldest.done !== true) frames.delete(oldest.value);
    return read;
  };
  return {
    async read(nodeRoleId) {
      const { row, node } = await readers.step(nodeRoleId);
      if (row?.runId == null) return null;
      const frame = await frameOf(row.runId);
      const removing = row.state.state === 'removing';
      return removing ? contextOfRemoval(deps, frame, row, node) : contextOfApply(deps, readers, frame, row, node);
    },
    prepare(runId) {
      // What goes wrong here is told by the step that reads it again.
      frameOf(runId).catch(() => undefined);
    },
  };
}

/** Reads that steps make at about the same time, made as one. */
interface Readers {
  step(nodeRoleId: string): Promise<{ readonly row: FullNodeRoleRow | null; readonly node: NodeRow | null }>;
  /** Living node-roles by key. */
  living(wanted: {
    readonly deploymentId: string;
    readonly keys: readonly string[];
  }): Promise<ReadonlyMap<string, FullNodeRoleRow>>;
}

const openReaders = (db: Database): Readers => ({
  step: batched(async (ids) => {
    const [found, under] = await db.together((one) =>
      Promise.all([readNodeRolesById(one, ids), readNodesUnder(one, ids)]),
    );
    const rows = new Map(found.map((row) => [row.id, row]));
    const nodes = new Map(under.map((node) => [node.id, node]));
    return ids.map((id) => {
      const row = rows.get(id) ?? null;
      return { row, node: nodes.get(row?.nodeId ?? '') ?? null };
    });
  }),
  living: batched(async (wanted) => {
    const found = new Map<string, ReadonlyMap<string, FullNodeRoleRow>>();
    for (const deploymentId of new Set(wanted.map((one) => one.deploymentId))) {
      const keys = new Set(wanted.flatMap((one) => (one.deploymentId === deploymentId ? one.keys : [])));
      const rows = await readNodeRolesByKey(db, deploymentId, [...keys]);
      found.set(deploymentId, new Map(rows.map((row) => [row.key, row])));
    }
    return wanted.map((one) => found.get(one.deploymentId) ?? new Map());
  }),
});

async function readFrame(deps: ContextDeps, runId: string): Promise<Frame> {
  const { db } = deps;
  const run = await readRun(db, runId);
  if (run === null) throw new FormworkError('not-found', 'run-gone', 'the run is gone');
  const [deployment, planned, sites] = await Promise.all([
    readDeployment(db, run.deploymentId),
    readPlanHead(db, run.planId),
    readSites(db),
  ]);
  if (deployment === null || planned === null)
    throw new FormworkError('not-found', 'run-gone', 'the deployment or plan of the run is gone');
  const specification = await readSpecification(db, run.deploymentId, planned.specificationVersion);
  if (specification === null) return { run, deployment, bindings: null };
  const { content } = await deps.content.content(specification.packs);
  const actual = await readWho(db, deployment);
  const bindings = bindRun({
    plan: planned,
    spec: specification.document,
    content,
    sites: sites.map(deps.siteView),
    actual,
  });
  return { run, deployment, bindings };
}

/**
 * The scripts of a digest. Everything that a digest does not cover (name, needs, limits, timeout, retry) is that of
 * the run's packs: bundles are stored by digest alone, and roles that do the same share one.
 */
async function bundleOf(deps: ContextDeps, frame: Frame, row: FullNodeRoleRow, digest: string): Promise<RoleBundle> {
  const bundle = await deps.content.bundle(digest);
  const current = frame.bindings?.index.roles.get(row.role);
  return { ...bundle, role: current?.digest === digest ? current : { ...bundle.role, name: row.role } };
}

async function contextOfApply(
  deps: ContextDeps,
  readers: Readers,
  frame: Frame,
  row: FullNodeRoleRow,
  node: NodeRow | null,
): Promise<StepContext> {
  const { bindings, run } = frame;
  const binding = bindings?.byKey.get(row.key);
  const bundle = await bundleOf(deps, frame, row, row.roleDigest);
  if (bindings === null || binding === undefined) return contextOfUnwanted(frame, row, node, bundle);
  const keys = producerKeys(bindings, binding);
  const rows = keys.length === 0 ? null : await readers.living({ deploymentId: frame.deployment.id, keys });
  const { inputs, untracked, missing } = gatherInputs(
    {
      bindings,
      row: (key) => rows?.get(key) ?? null,
      facts: () => node?.facts ?? {},
      taskParams: run.params,
    },
    binding,
  );
  const founding = row.founder && row.applied === null;
  const { role } = bundle;
  const first = row.applied === null;
  return {
    row,
    run,
    deployment: frame.deployment,
    bundle,
    node,
    target: node ?? (role.runsOn === null ? null : await chooseNow(deps.db, row, role.runsOn)),
    action: first ? (role.cluster !== null && !row.founder ? 'join' : 'run') : 're-run',
    phase: 'apply',
    founding,
    inputs,
    untracked,
    inputHash: hashInputs(row.roleDigest, inputs),
    subject: null,
    changed: changedOf(row.pending?.reason ?? null),
    problem:
      missing.length === 0 ? null : `inputs are missing: ${missing.map((one) => JSON.stringify(one)).join(', ')}`,
  };
}

/**
 * Nobody wants it any more, but an attempt may still be under way on its node: enough to attach to that and end it.
 * What it was started with is stored with the attempt.
 */
const contextOfUnwanted = (
  frame: Frame,
  row: FullNodeRoleRow,
  node: NodeRow | null,
  bundle: RoleBundle,
): StepContext => ({
  row,
  run: frame.run,
  deployment: frame.deployment,
  bundle,
  node,
  target: node,
  action: 'run',
  phase: 'apply',
  founding: false,
  inputs: { params: {}, facts: {}, requires: {}, needs: {} },
  untracked: {},
  inputHash: '',
  subject: null,
  changed: [],
  problem: `${row.key} is not part of what is wanted any more`,
});

function producerKeys(bindings: Bindings, binding: Binding): readonly string[] {
  const keys = new Set<string>(Object.values(binding.requires));
  for (const need of binding.role.needs)
    for (const producer of producersOf(bindings, binding, need)) keys.add(producer.key);
  return [...keys];
}

/**
 * A removal runs what was applied, with what was applied; only untracked needs are read now. An eviction runs on a
 * peer, with that peer's own inputs, and gets the dead member as its subject.
 */
async function contextOfRemoval(
  deps: ContextDeps,
  frame: Frame,
  row: FullNodeRoleRow,
  node: NodeRow | null,
): Promise<StepContext> {
  const evict = row.pending?.purpose === 'evict';
  const bundle = await bundleOf(deps, frame, row, row.applied?.roleDigest ?? row.roleDigest);
  const target = evict ? await chooseNow(deps.db, row, row.role) : node;
  const own = evict && target !== null ? await rowOn(deps.db, row, target.id) : row;
  const inputs = own?.applied?.inputs ?? { params: {}, facts: {}, requires: {}, needs: {} };
  return {
    row,
    run: frame.run,
    deployment: frame.deployment,
    bundle,
    node,
    target,
    action: evict ? 'evict' : 'remove',
    phase: evict ? 'evict' : 'remove',
    founding: false,
    inputs,
    untracked: await untrackedNow(deps.db, row, bundle, own ?? row),
    inputHash: row.applied?.inputHash ?? '',
    subject: evict
      ? {
          node: node?.name ?? '',
          outputs: row.applied?.outputs ?? {},
          inputs: row.applied === null ? {} : { facts: row.applied.inputs.facts },
        }
      : null,
    changed: changedOf(row.pending?.reason ?? null),
    problem: evict && target === null ? 'no other member is on a node that answers' : null,
  };
}

const rowOn = async (db: Database, row: FullNodeRoleRow, nodeId: string): Promise<FullNodeRoleRow | null> =>
  (await readNodeRolesOf(db, row.deploymentId, [row.role])).find((other) => other.nodeId === nodeId) ?? null;

/** Untracked needs as lists over every other living instance: a leaving member is none of the wanted any more. */
async function untrackedNow(
  db: Database,
  row: FullNodeRoleRow,
  bundle: RoleBundle,
  self: FullNodeRoleRow,
): Promise<JsonObject> {
  const gathered: Record<string, Json> = {};
  const names = new Map((await readNodes(db, row.deploymentId)).map((node) => [node.id, node.name]));
  for (const need of bundle.role.needs) {
    if (need.tracked) continue;
    const others = await readNodeRolesOf(db, row.deploymentId, [need.role]);
    gathered[need.role] = others.flatMap((other) => {
      const outputs = other.applied?.outputs;
      if (outputs === undefined || other.state.state !== 'active' || other.nodeId === null) return [];
      if (other.nodeId === row.nodeId || (need.from === 'peers' && other.id === self.id)) return [];
      const taken = need.outputs.flatMap((name) =>
        outputs[name] === undefined ? [] : [[name, outputs[name]] as const],
      );
      return [{ node: names.get(other.nodeId) ?? '', ...Object.fromEntries(taken) }];
    });
  }
  return gathered;
}

/** Among the machines of the deployment as they are now. */
async function chooseNow(db: Database, row: FullNodeRoleRow, roleName: string): Promise<NodeRow | null> {
  const [instances, nodes] = await Promise.all([
    readNodeRolesOf(db, row.deploymentId, [roleName]),
    readNodes(db, row.deploymentId),
  ]);
  return chooseNode(row, roleName, instances, new Map(nodes.map((node) => [node.id, node])));
}

function changedOf(reason: PlanReason | null): readonly string[] {
  if (reason === null) return [];
  switch (reason.kind) {
    case 'param':
    case 'fact':
      return reason.names.map((name) => `${reason.kind} ${name}`);
    case 'output':
      return reason.outputs.map((output) => `output ${reason.role}.${output}`);
    default:
      return [reason.kind];
  }
}

/** Inputs as they were stored with the attempt. */
export function storedInputs(
  value: JsonObject | null,
): { readonly inputs: ResolvedInputs; readonly untracked: JsonObject } | null {
  const tracked = value?.['tracked'];
  const untracked = value?.['untracked'];
  if (!isJsonObject(tracked)) return null;
  const part = (name: string): JsonObject => {
    const found = tracked[name];
    return isJsonObject(found) ? found : {};
  };
  return {
    inputs: { params: part('params'), facts: part('facts'), requires: part('requires'), needs: part('needs') },
    untracked: isJsonObject(untracked) ? untracked : {},
  };
}
