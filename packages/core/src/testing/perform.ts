import type { Actual, ActualNode, ActualNodeRole, SiteView } from '../actual.ts';
import { bindDeployment } from '../graph/bind-deployment.ts';
import type { Binding, Bindings } from '../graph/binding.ts';
import { producersOf } from '../graph/producers.ts';
import { ordinalOf } from '../graph/wanted-nodes.ts';
import { hashInputs, resolveInputs } from '../inputs.ts';
import type { Json, JsonObject } from '../json.ts';
import { paramValues, resolveParams } from '../params.ts';
import type { Plan, PlanAction } from '../plan.ts';
import { outputScope } from '../plan/predict.ts';
import type { Content } from '../role.ts';
import type { Specification } from '../specification.ts';
import { evaluate } from './evaluate.ts';

export const emptyActual: Actual = {
  committed: null,
  committedVersion: 0,
  nodes: [],
  nodeRoles: [],
  founders: {},
  once: {},
};

export interface World {
  readonly content: Content;
  readonly sites: readonly SiteView[];
}

/** What is there after every action of a plan has succeeded in the plan's order, as the engine would leave it. */
export function perform(world: World, spec: Specification, plan: Plan, before: Actual): Actual {
  const base = approve(spec, plan, before);
  const nodes = new Map(base.nodes.map((node) => [node.name, node]));
  const rows = new Map(base.nodeRoles.map((row) => [row.key, row]));
  const bindings = bindingsOf(world, spec, base);
  for (const action of plan.actions) {
    const binding = bindings.byKey.get(action.nodeRole);
    if (action.action === 'create-node' && binding?.node) nodes.set(binding.node.name, newNode(binding));
    if (action.action === 'remove' || action.action === 'evict') rows.delete(action.nodeRole);
    else if (action.action === 'destroy-node') {
      nodes.delete(action.node ?? '');
      for (const row of rows.values()) if (row.node === action.node && !isOnce(world, row)) rows.delete(row.key);
    } else if (binding !== undefined) {
      rows.set(action.nodeRole, applied(bindings, binding, action, rows, nodes));
    }
  }
  const outlived = new Set(bindings.outlived.map((one) => one.key));
  const kept = [...rows.values()].filter((row) => bindings.byKey.has(row.key) || outlived.has(row.key));
  return { ...base, nodes: [...nodes.values()], nodeRoles: kept };
}

const isOnce = (world: World, row: ActualNodeRole): boolean =>
  world.content.packs.some((pack) => pack.roles.some((role) => role.name === row.role && role.placement === 'once'));

function approve(spec: Specification, plan: Plan, before: Actual): Actual {
  const founding = (action: PlanAction) => plan.founders[action.as]?.includes(action.node ?? '') ?? false;
  const fresh = plan.actions
    .filter((action) => !before.nodeRoles.some((row) => row.key === action.nodeRole))
    .map((action): ActualNodeRole => ({ ...rowOf(action), founder: founding(action) }));
  return {
    ...before,
    committed: spec,
    committedVersion: before.committedVersion + 1,
    nodeRoles: [...before.nodeRoles, ...fresh],
    founders: { ...before.founders, ...plan.founders },
    once: { ...before.once, ...plan.once },
  };
}

function bindingsOf(world: World, spec: Specification, actual: Actual): Bindings {
  const { bindings, problems } = bindDeployment({ spec, ...world, actual });
  if (bindings === null || problems.length > 0) throw new Error(problems.map((one) => one.message).join('; '));
  return bindings;
}

const rowOf = (action: PlanAction): ActualNodeRole => ({
  id: `id of ${action.nodeRole}`,
  key: action.nodeRole,
  role: action.role,
  as: action.as,
  node: action.node,
  state: { state: 'blocked' },
  applied: null,
  founder: false,
  everStarted: false,
  version: 1,
});

function newNode({ node }: Binding): ActualNode {
  return {
    id: `id of ${node?.name ?? ''}`,
    name: node?.name ?? '',
    group: node?.group.name ?? '',
    ordinal: node?.ordinal ?? 0,
    site: node?.group.site ?? '',
    state: 'ready',
    origin: 'created',
    lost: false,
    image: node?.group.image ?? null,
    size: node?.group.size ?? null,
    capabilities: [],
    facts: { address: `10.0.0.${ordinalOf(node?.name ?? null)}` },
    version: 1,
  };
}

function applied(
  bindings: Bindings,
  binding: Binding,
  action: PlanAction,
  rows: ReadonlyMap<string, ActualNodeRole>,
  nodes: ReadonlyMap<string, ActualNode>,
): ActualNodeRole {
  const { role, item, node, site } = binding;
  const nodeName = node?.name ?? null;
  const group = node?.group ?? null;
  const { spec, index } = bindings;
  const former = rows.get(action.nodeRole) ?? rowOf(action);
  const { inputs, untracked, missing } = resolveInputs(role, binding, {
    params: paramValues(resolveParams({ spec, content: index, site, group, nodeName, role, item })),
    facts: nodes.get(nodeName ?? '')?.facts ?? {},
    outputs: (key) => rows.get(key)?.applied?.outputs ?? null,
    producers: (need) => producersOf(bindings, binding, need),
  });
  if (missing.length > 0) throw new Error(`${action.nodeRole} started without ${JSON.stringify(missing)}`);
  const scope = outputScope(spec.name, binding, { ...inputs, needs: { ...untracked, ...inputs.needs } });
  return {
    ...former,
    state: { state: 'active' },
    everStarted: true,
    version: former.version + 1,
    applied: {
      inputHash: hashInputs(role.digest, inputs),
      inputs,
      roleDigest: role.digest,
      outputs: outputsOf(binding, scope, former.applied?.outputs ?? {}),
      at: '2026-01-01T00:00:00Z',
      clean: true,
    },
  };
}

/** A script writes what it wrote before: unchanged outputs make nobody stale. */
function outputsOf({ role, key }: Binding, scope: JsonObject, former: JsonObject): JsonObject {
  return Object.fromEntries(
    role.outputs.map((output): [string, Json] => {
      if (output.value !== undefined) return [output.name, evaluate(output.value, scope)];
      const made = output.secret
        ? { $secret: { ref: `${key}.${output.name}`, version: 1, digest: `hmac of ${key}` } }
        : (output.example ?? `${output.name} of ${key}`);
      return [output.name, former[output.name] ?? made];
    }),
  );
}
