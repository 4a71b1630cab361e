/** Mirrors packages/workflows/src/worker/step-context.ts: what one execution of a node-role needs. */
import type { Bindings } from '../graph/binding.ts';
import { hashInputs } from '../inputs.ts';
import type { JsonObject } from '../json.ts';
import type { ResolvedInputs } from '../node-role.ts';
import type { RoleDefinition } from '../role.ts';
import type { Attempt, NodeRecord, Row, Run, Store } from './store.ts';
import { livingRows } from './store.ts';
import { gatherInputs } from './planning.ts';

export interface StepContext {
  readonly row: Row;
  readonly run: Run;
  readonly role: RoleDefinition;
  readonly bindings: Bindings | null;
  readonly node: NodeRecord | null;
  readonly target: NodeRecord | null;
  readonly phase: 'apply' | 'remove' | 'evict';
  readonly inputs: ResolvedInputs;
  readonly untracked: JsonObject;
  readonly inputHash: string;
  readonly problem: string | null;
}

const noInputs: ResolvedInputs = { params: {}, facts: {}, requires: {}, needs: {} };

/** Null when the node-role or its run is gone. */
export function readContext(
  store: Store,
  rowId: string,
  frameOf: (run: Run) => Bindings | null,
  roles: ReadonlyMap<string, RoleDefinition>,
): StepContext | null {
  const row = store.rows.get(rowId);
  const run = row?.runId == null ? undefined : store.runs.get(row.runId);
  const role = row === undefined ? undefined : roles.get(row.role);
  if (row === undefined || run === undefined || role === undefined) return null;
  const bindings = frameOf(run);
  const node = row.nodeId === null ? null : (store.nodes.get(row.nodeId) ?? null);
  const common = { row, run, role, bindings, node };
  if (row.state.state === 'removing') {
    const evict = row.pending?.purpose === 'evict';
    const target = evict ? chooseNode(store, row) : node;
    return {
      ...common,
      target,
      phase: evict ? 'evict' : 'remove',
      inputs: row.applied?.inputs ?? noInputs,
      untracked: {},
      inputHash: row.applied?.inputHash ?? '',
      problem: evict && target === null ? 'no other member is on a node that answers' : null,
    };
  }
  const binding = bindings?.byKey.get(row.key);
  if (bindings === null || binding === undefined) {
    const problem = `${row.key} is not part of what is wanted any more`;
    return { ...common, target: node, phase: 'apply', inputs: noInputs, untracked: {}, inputHash: '', problem };
  }
  const byKey = new Map(livingRows(store).map((one) => [one.key, one]));
  const { inputs, untracked, missing } = gatherInputs(bindings, binding, {
    row: (key) => byKey.get(key) ?? null,
    facts: () => node?.facts ?? {},
  });
  return {
    ...common,
    target: node,
    phase: 'apply',
    inputs,
    untracked: { ...untracked },
    inputHash: hashInputs(row.roleDigest, inputs),
    problem: missing.length === 0 ? null : `inputs are missing: ${JSON.stringify(missing)}`,
  };
}

/** A claim that goes on, goes on with what the attempt was started with, and where. */
export function asStarted(store: Store, context: StepContext, attempt: Attempt): StepContext {
  const { inputs, untracked, inputHash, resume } = attempt;
  const target = resume.nodeId === null ? context.target : (store.nodes.get(resume.nodeId) ?? null);
  return { ...context, target, inputs, untracked, inputHash, problem: null };
}

/** packages/workflows/src/engine/choose-node.ts: the eviction of a dead member by a living one. */
function chooseNode(store: Store, row: Row): NodeRecord | null {
  const usable = livingRows(store).flatMap((other) => {
    if (other.nodeId === null || other.id === row.id || other.applied === null || other.role !== row.role) return [];
    const node = store.nodes.get(other.nodeId);
    return node?.state === 'ready' && !node.lost ? [{ node, active: other.state.state === 'active' }] : [];
  });
  const active = usable.filter((one) => one.active);
  const pool = active.length > 0 ? active : usable;
  return pool[row.tries % Math.max(1, pool.length)]?.node ?? null;
}
