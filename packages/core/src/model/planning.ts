/** Mirrors packages/workflows/src/planning and packages/db/src/engine/snapshot.ts: plans over what is stored. */
import type { Actual } from '../actual.ts';
import { bindDeployment } from '../graph/bind-deployment.ts';
import type { Binding, Bindings } from '../graph/binding.ts';
import { producersOf } from '../graph/producers.ts';
import { type InputResolution, resolveInputs } from '../inputs.ts';
import { paramValues, resolveParams } from '../params.ts';
import type { Plan } from '../plan.ts';
import { planDeployment } from '../plan/plan-deployment.ts';
import type { Checked } from '../problem.ts';
import type { Specification } from '../specification.ts';
import { evaluate } from '../testing/evaluate.ts';
import type { SmallContent } from './small-content.ts';
import { livingNodes, livingRows, liveRun, type Row, type Store } from './store.ts';

/** The version a plan pins: that of a row at rest; while a run is live rows move by themselves. */
export const planVersion = (version: number, runIsLive: boolean): number => (runIsLive ? 0 : version);

function actualOf(store: Store, runIsLive: boolean): Actual {
  const { deployment } = store;
  const names = new Map([...store.nodes.values()].map((node) => [node.id, node.name]));
  return {
    committed: deployment.committed,
    committedVersion: deployment.committedVersion,
    nodes: livingNodes(store).map((node) => ({ ...node, version: planVersion(node.version, runIsLive) })),
    nodeRoles: livingRows(store).map((row) => ({
      ...row,
      node: row.nodeId === null ? null : (names.get(row.nodeId) ?? null),
      version: planVersion(row.version, runIsLive),
    })),
    founders: deployment.founders,
    once: deployment.once,
  };
}

/** An open plan. */
export interface Proposal {
  readonly plan: Plan;
  readonly spec: Specification;
  readonly committedVersion: number;
}

export function propose(
  store: Store,
  { content, sites }: SmallContent,
  spec: Specification,
  purpose: 'apply' | 'destroy',
): Checked<Proposal> {
  const actual = actualOf(store, liveRun(store) !== null);
  const planned = planDeployment({ wanted: spec, actual, content, sites, evaluate, purpose });
  if (!planned.ok) return planned;
  const { committedVersion } = store.deployment;
  return { ok: true, value: { plan: planned.value, spec, committedVersion } };
}

/** packages/workflows/src/engine/bind-run.ts; null for a destroy, which wants nothing. */
export function bindRun(
  store: Store,
  { content, sites }: SmallContent,
  spec: Specification,
  purpose: Plan['purpose'],
): Bindings | null {
  if (purpose === 'destroy') return null;
  const { bindings, problems } = bindDeployment({ spec, content, sites, actual: actualOf(store, true) });
  if (bindings === null || problems.length > 0) throw new Error(problems.map((one) => one.message).join('; '));
  return bindings;
}

/** packages/workflows/src/engine/sources.ts: what one node-role takes in right now. */
export function gatherInputs(
  bindings: Bindings,
  binding: Binding,
  sources: {
    readonly row: (key: string) => Row | null;
    readonly facts: (node: string) => InputResolution['inputs']['facts'];
  },
): InputResolution {
  const params = paramValues(
    resolveParams({
      spec: bindings.spec,
      content: bindings.index,
      site: binding.site,
      group: binding.node?.group ?? null,
      nodeName: binding.node?.name ?? null,
      role: binding.role,
      item: binding.item,
    }),
  );
  const outlived = new Set(bindings.outlived.map((one) => one.key));
  return resolveInputs(binding.role, binding, {
    params,
    facts: binding.node === null ? {} : sources.facts(binding.node.name),
    outputs: (key) => {
      const row = sources.row(key);
      return row === null || (row.state.state !== 'active' && !outlived.has(key))
        ? null
        : (row.applied?.outputs ?? null);
    },
    producers: (need) => producersOf(bindings, binding, need),
  });
}
