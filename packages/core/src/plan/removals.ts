import type { Actual, ActualNode, ActualNodeRole } from '../actual.ts';
import type { Bindings } from '../graph/binding.ts';
import type { ContentIndex } from '../graph/content-index.ts';
import type { RemovalStep } from '../graph/removal-edges.ts';
import { nodeRoleKey } from '../node-role.ts';
import type { PlanReason } from '../plan.ts';
import type { RoleDefinition, Workflow } from '../role.ts';
import type { Specification } from '../specification.ts';

/** One `remove`, `evict` or `destroy-node` of a plan. */
export interface Removal extends RemovalStep {
  readonly reason: PlanReason;
  /** The stored node-role; null for a machine that never got that far. */
  readonly row: ActualNodeRole | null;
  readonly node: ActualNode | null;
}

export interface RemovalRequest {
  readonly actual: Actual;
  readonly index: ContentIndex;
  readonly workflow: Workflow | null;
  readonly spec: Specification;
  /** Role that provides `machine-ready` at a site, for nodes whose own node-role is not stored. */
  readonly machineRole: (site: string) => string;
}

/** Nothing can be run on it: its provider or a person says it is lost, or it does not answer. */
export const isDead = (node: ActualNode): boolean => node.lost || node.state === 'unreachable';

/** Something of it may be on the machine, whether it ever became active or not. */
export const wasTouched = (row: ActualNodeRole): boolean => row.applied !== null || row.everStarted;

/** What goes because the specification does not want it any more. */
export function findRemovals(request: RemovalRequest, bindings: Bindings): readonly Removal[] {
  const { actual } = request;
  const wanted = new Set(bindings.nodes.map(({ node }) => node.name));
  const nodes = new Map(actual.nodes.map((node) => [node.name, node]));
  const outlived = new Set(bindings.outlived.map((one) => one.key));
  const leaving = actual.nodes
    .filter((node) => !wanted.has(node.name))
    .flatMap((node) => leave(request, node, leavingReason(request.spec, node), (role) => role.cluster !== null));
  const unbound = actual.nodeRoles.flatMap((row) => {
    if (bindings.byKey.has(row.key) || outlived.has(row.key)) return [];
    if (row.node !== null && !wanted.has(row.node)) return [];
    const node = row.node === null ? null : (nodes.get(row.node) ?? null);
    const role = request.index.roles.get(row.role) ?? null;
    // Tasks and tests keep their history; a machine goes with its node alone.
    if (role === null || role.kind !== 'state' || role.provides.includes('machine-ready')) return [];
    return takeAway(request, row, role, node, { kind: 'role-unbound' });
  });
  return [...leaving, ...unbound];
}

/** Everything: only roles that say `removeOnDestroy` are removed before their machines go. */
export function removalsOfAll(request: RemovalRequest): readonly Removal[] {
  const reason: PlanReason = { kind: 'destroy' };
  const own = request.actual.nodeRoles.flatMap((row) => {
    const role = row.node === null ? (request.index.roles.get(row.role) ?? null) : null;
    return role?.removeOnDestroy === true ? takeAway(request, row, role, null, reason) : [];
  });
  return [...own, ...request.actual.nodes.flatMap((node) => leave(request, node, reason, () => false))];
}

/** A node goes: first the roles that must know of it, then the machine with all the others. */
function leave(
  request: RemovalRequest,
  node: ActualNode,
  reason: PlanReason,
  mustKnow: (role: RoleDefinition) => boolean,
): readonly Removal[] {
  const rows = request.actual.nodeRoles.filter((row) => row.node === node.name);
  const isMachine = (row: ActualNodeRole): boolean =>
    request.index.roles.get(row.role)?.provides.includes('machine-ready') ??
    row.role === request.machineRole(node.site);
  const machine = rows.find(isMachine) ?? null;
  const removed = rows.flatMap((row) => {
    const role = request.index.roles.get(row.role) ?? null;
    if (row === machine || role === null || !(mustKnow(role) || role.removeOnDestroy)) return [];
    return takeAway(request, row, role, node, reason);
  });
  const own = new Set(removed.map((removal) => removal.row));
  const takes = rows
    .filter((row) => !own.has(row))
    .map((row) => ({ as: row.as, role: request.index.roles.get(row.role) ?? null }));
  const role = machine?.role ?? request.machineRole(node.site);
  const as = machine?.as ?? role;
  return [
    ...removed,
    {
      vertex: vertexOf(request, { role, as, node: node.name, group: node.group, purpose: 'remove' }),
      role: request.index.roles.get(role) ?? null,
      machine: true,
      takes,
      reason,
      row: machine,
      node,
    },
  ];
}

/** The `remove` of one node-role, its `evict` where the node is dead, nothing where the role has no such step. */
function takeAway(
  request: RemovalRequest,
  row: ActualNodeRole,
  role: RoleDefinition | null,
  node: ActualNode | null,
  reason: PlanReason,
): readonly Removal[] {
  const purpose = node !== null && isDead(node) ? 'evict' : 'remove';
  if (role?.steps[purpose] === undefined || !wasTouched(row)) return [];
  const { as, node: name } = row;
  const vertex = vertexOf(request, { role: row.role, as, node: name, group: node?.group ?? null, purpose });
  return [{ vertex, role, machine: false, takes: [{ as, role }], reason, row, node }];
}

function vertexOf(
  request: RemovalRequest,
  of: { role: string; as: string; node: string | null; group: string | null; purpose: 'remove' | 'evict' },
): RemovalStep['vertex'] {
  const nodeRole = nodeRoleKey(of.as, of.node);
  const items = (request.workflow?.stages ?? []).find((stage) =>
    [...stage.deployment, ...Object.values(stage.nodes).flat()].some(
      (item) => item.as === of.as || item.role === of.role,
    ),
  );
  return {
    kind: 'node-role',
    key: `${of.purpose} ${nodeRole}`,
    nodeRole,
    ...of,
    stage: items?.name ?? '',
    lane: request.index.roles.get(of.role)?.lane ?? 'main',
    founder: false,
  };
}

function leavingReason(spec: Specification, node: ActualNode): PlanReason {
  if (isDead(node)) return { kind: 'node-gone' };
  const group = spec.groups.find((candidate) => candidate.name === node.group);
  return { kind: group?.omit.includes(node.ordinal) === true ? 'omitted' : 'scale-down' };
}
