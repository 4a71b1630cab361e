import type { Actual, ActualNode, ActualNodeRole } from '../actual.ts';
import type { ContentIndex } from '../graph/content-index.ts';
import { ordinalOf } from '../graph/wanted-nodes.ts';
import type { Problem } from '../problem.ts';
import type { Specification } from '../specification.ts';
import { isDead, wasTouched } from './removals.ts';
import type { Removal } from './removals.ts';

/** Most members that one plan may take from a cluster of `members`. */
const mayLose = (members: number): number => Math.max(1, Math.floor((members - 1) / 2));

/** Fewest healthy members with which a cluster of `members` decides anything. */
const majority = (members: number): number => Math.floor(members / 2) + 1;

/**
 * Refuses what would cost a `quorum: majority` role its majority: more than `mayLose(n)` of n members in one plan, or a
 * step that leaves fewer than `majority(n')` on reachable nodes. Dead members go first, as the graph has it.
 */
export function quorumProblems(
  actual: Actual,
  index: ContentIndex,
  spec: Specification,
  removals: readonly Removal[],
): readonly Problem[] {
  const nodes = new Map(actual.nodes.map((node) => [node.name, node]));
  const reachable = (row: ActualNodeRole): boolean => {
    const node = row.node === null ? undefined : nodes.get(row.node);
    return node !== undefined && !isDead(node) && (node.state === 'ready' || node.state === 'maintenance');
  };
  const clusters = new Map<string, ActualNodeRole[]>();
  for (const row of actual.nodeRoles) {
    if (index.roles.get(row.role)?.cluster?.quorum !== 'majority' || !wasTouched(row)) continue;
    clusters.set(row.as, [...(clusters.get(row.as) ?? []), row]);
  }
  const going = new Map(removals.flatMap((one) => (one.machine || one.row === null ? [] : [[one.row.key, one]])));
  const leavingNodes = new Set(removals.filter((one) => one.machine).map((one) => one.node?.name));
  return [...clusters].flatMap(([as, members]) => {
    const leaving = members.filter((row) => going.has(row.key) || (row.node !== null && leavingNodes.has(row.node)));
    const unreachable = members.filter((row) => !reachable(row));
    return leaving.length === 0 ? [] : checkCluster({ as, members, leaving, unreachable, spec, nodes });
  });
}

interface Cluster {
  readonly as: string;
  readonly members: readonly ActualNodeRole[];
  readonly leaving: readonly ActualNodeRole[];
  readonly unreachable: readonly ActualNodeRole[];
  readonly spec: Specification;
  readonly nodes: ReadonlyMap<string, ActualNode>;
}

function checkCluster(cluster: Cluster): readonly Problem[] {
  const { as, members, leaving, unreachable } = cluster;
  const n = members.length;
  const most = mayLose(n);
  const path = pathOf(cluster);
  if (leaving.length > most) {
    const message = `this takes ${leaving.length} of ${n} members of ${as}; one plan may take at most ${most}`;
    return [{ code: 'quorum-lost', path, message, remedy: remedyForCount(cluster) }];
  }
  let left = n;
  let healthy = n - unreachable.length;
  const deadFirst = [
    ...leaving.filter((row) => unreachable.includes(row)),
    ...leaving.filter((row) => !unreachable.includes(row)),
  ];
  for (const row of deadFirst) {
    left -= 1;
    if (!unreachable.includes(row)) healthy -= 1;
    if (healthy >= majority(left)) continue;
    const message = `taking ${row.key} leaves ${healthy} healthy of ${left} members of ${as}; ${majority(left)} are needed`;
    return [{ code: 'quorum-lost', path, message, remedy: remedyForHealth(cluster) }];
  }
  return [];
}

const orDestroy = 'or destroy the deployment';

/** Counts on the way down, each of which one plan may reach. */
function remedyForCount({ members, leaving, nodes, spec }: Cluster): string {
  const groups = new Set(leaving.map((row) => nodes.get(row.node ?? '')?.group));
  const [group] = groups;
  const there = members.filter((row) => nodes.get(row.node ?? '')?.group === group).length;
  const wanted = spec.groups.find((candidate) => candidate.name === group)?.count ?? 0;
  if (groups.size !== 1 || wanted === 0 || there - wanted < leaving.length) {
    return `take at most ${mayLose(members.length)} at a time and apply between, ${orDestroy}`;
  }
  const steps: number[] = [];
  for (let n = members.length, count = there; count > wanted; ) {
    const taken = Math.min(mayLose(n), count - wanted);
    n -= taken;
    count -= taken;
    steps.push(count);
  }
  const [first, ...rest] = steps;
  return `set count ${first ?? wanted}, apply, ${rest.map((count) => `then ${count}`).join(', ')}; ${orDestroy}`;
}

function remedyForHealth({ leaving, unreachable, nodes }: Cluster): string {
  const names = unreachable.map((row) => row.node ?? row.key);
  const staying = unreachable.filter((row) => !leaving.includes(row));
  const left = leaving.filter((row) => !unreachable.includes(row));
  if (names.length === 0) return `keep at least one member, ${orDestroy}`;
  if (staying.length === 0 || left.length === 0) return `bring back ${names.join(', ')}, ${orDestroy}`;
  const omitted = staying.map((row) => nodes.get(row.node ?? '')?.ordinal ?? ordinalOf(row.node)).sort((a, b) => a - b);
  return `bring back ${names.join(', ')}, or retire the dead first with omit: [${omitted.join(', ')}]; ${orDestroy}`;
}

function pathOf({ leaving, nodes, spec }: Cluster): string {
  const groups = new Set(leaving.map((row) => nodes.get(row.node ?? '')?.group));
  const index = spec.groups.findIndex((group) => groups.size === 1 && groups.has(group.name));
  return index < 0 ? '$.groups' : `$.groups[${index}].count`;
}
