import type { WorkVertex } from '@formwork/core';
import type { FullNodeRoleRow, Pending } from '@formwork/db';

/** Keeps rows and vertices of a run small: what thousands of them say alike is held once. */
export interface LeanRows {
  readonly row: (row: FullNodeRoleRow) => FullNodeRoleRow;
  readonly vertex: (vertex: WorkVertex) => WorkVertex;
}

const noInputs = { params: {}, facts: {}, requires: {}, needs: {} };

export function createLeanRows(): LeanRows {
  const texts = new Map<string, string>();
  const pendings = new Map<string, Pending>();
  const once = (text: string): string => {
    const known = texts.get(text);
    if (known !== undefined) return known;
    texts.set(text, text);
    return text;
  };
  const orNull = (text: string | null): string | null => (text === null ? null : once(text));
  const pendingOnce = (pending: Pending): Pending => {
    const text = JSON.stringify(pending);
    const known = pendings.get(text);
    if (known !== undefined) return known;
    pendings.set(text, pending);
    return pending;
  };
  return {
    row: (row) => ({
      ...row,
      deploymentId: once(row.deploymentId),
      nodeId: orNull(row.nodeId),
      siteId: orNull(row.siteId),
      key: once(row.key),
      role: once(row.role),
      as: once(row.as),
      stage: once(row.stage),
      lane: once(row.lane),
      group: orNull(row.group),
      roleDigest: once(row.roleDigest),
      runId: orNull(row.runId),
      pending: row.pending === null ? null : pendingOnce(row.pending),
      // Of what was applied the inputs are the largest part, and their hash is all that is compared.
      applied:
        row.applied === null ? null : { ...row.applied, inputs: noInputs, roleDigest: once(row.applied.roleDigest) },
    }),
    vertex: (vertex) => ({
      ...vertex,
      key: once(vertex.key),
      nodeRole: once(vertex.nodeRole),
      role: once(vertex.role),
      as: once(vertex.as),
      stage: once(vertex.stage),
      lane: once(vertex.lane),
      node: orNull(vertex.node),
      group: orNull(vertex.group),
    }),
  };
}
