import type { FullNodeRoleRow, NodeRow } from '@formwork/db';

/**
 * The machine on which a script runs that is not bound to one: that of the deployment (`runsOn`), or the eviction of a
 * dead member by a living one. It answers and has the role, active if there is such a one; a retry goes elsewhere,
 * since the node may be why it failed. Null when there is none.
 */
export function chooseNode(
  row: Pick<FullNodeRoleRow, 'id' | 'tries'>,
  roleName: string,
  rows: Iterable<FullNodeRoleRow>,
  nodes: ReadonlyMap<string, NodeRow>,
): NodeRow | null {
  const usable = [...rows].flatMap((other) => {
    if (other.nodeId === null || other.id === row.id || other.applied === null) return [];
    if (other.role !== roleName && other.as !== roleName) return [];
    const node = nodes.get(other.nodeId);
    return node?.state === 'ready' && !node.lost ? [{ node, active: other.state.state === 'active' }] : [];
  });
  const active = usable.filter((one) => one.active);
  const pool = active.length > 0 ? active : usable;
  return pool[row.tries % Math.max(1, pool.length)]?.node ?? null;
}
