import type { Applied, NodeRoleState } from '@formwork/core';
import type { Pending } from '../engine/node-role-row.ts';
import type { Prisma, PrismaClient } from '../generated/client.ts';
import { isUuid } from './page.ts';
import { asApplied, asPending, asState } from './stored-json.ts';

export interface NodeRoleRecord {
  readonly id: string;
  readonly deploymentId: string;
  readonly key: string;
  readonly role: string;
  readonly as: string;
  readonly nodeId: string | null;
  readonly node: string | null;
  readonly group: string | null;
  /** Of its node; 0 for the deployment's own. */
  readonly ordinal: number;
  readonly stage: string;
  readonly state: NodeRoleState;
  readonly runId: string | null;
  readonly pending: Pending | null;
  readonly attempt: number;
  readonly version: number;
}

const select = {
  id: true,
  deploymentId: true,
  key: true,
  role: true,
  as: true,
  nodeId: true,
  groupName: true,
  stage: true,
  stateData: true,
  runId: true,
  pending: true,
  attempt: true,
  version: true,
  node: { select: { name: true, ordinal: true } },
} as const satisfies Prisma.NodeRoleSelect;

export const nodeRoleInventory = (prisma: PrismaClient) => ({
  /** All that fit, in no order: the order of stages is not the database's to know. Removed ones only when named. */
  async list(query: {
    readonly deploymentId: string;
    readonly states?: readonly string[];
    readonly role?: string;
    readonly node?: string;
    readonly runId?: string;
  }): Promise<readonly NodeRoleRecord[]> {
    const { states, role, node, runId } = query;
    if (runId !== undefined && !isUuid(runId)) return [];
    const rows = await prisma.nodeRole.findMany({
      where: {
        deploymentId: query.deploymentId,
        AND: [
          states === undefined ? { state: { not: 'removed' } } : { state: { in: [...states] } },
          role === undefined ? {} : { OR: [{ role }, { as: role }] },
          node === undefined ? {} : { node: isUuid(node) ? { OR: [{ id: node }, { name: node }] } : { name: node } },
          runId === undefined ? {} : { runId },
        ],
      },
      select,
    });
    return rows.map(toRecord);
  },
  /** By id or key; of a key that was removed the last one. */
  async find(deploymentId: string, idOrKey: string): Promise<NodeRoleRecord | null> {
    const living = { deploymentId, key: idOrKey, state: { not: 'removed' } };
    const row =
      (isUuid(idOrKey) ? await prisma.nodeRole.findFirst({ where: { deploymentId, id: idOrKey }, select }) : null) ??
      (await prisma.nodeRole.findFirst({ where: living, select })) ??
      (await prisma.nodeRole.findFirst({
        where: { deploymentId, key: idOrKey },
        orderBy: { createdAt: 'desc' },
        select,
      }));
    return row === null ? null : toRecord(row);
  },
  /** What instances of a role were last applied with; those never applied are left out. */
  async applied(
    deploymentId: string,
    role: string,
  ): Promise<readonly { readonly key: string; readonly node: string | null; readonly applied: Applied }[]> {
    const rows = await prisma.nodeRole.findMany({
      where: { deploymentId, OR: [{ role }, { as: role }], state: { not: 'removed' } },
      select: { key: true, applied: true, node: { select: { name: true } } },
      orderBy: { key: 'asc' },
    });
    return rows.flatMap((row) => {
      const applied = asApplied(row.applied);
      return applied === null ? [] : [{ key: row.key, node: row.node?.name ?? null, applied }];
    });
  },
});

type Row = Prisma.NodeRoleGetPayload<{ select: typeof select }>;

const toRecord = (row: Row): NodeRoleRecord => ({
  id: row.id,
  deploymentId: row.deploymentId,
  key: row.key,
  role: row.role,
  as: row.as,
  nodeId: row.nodeId,
  node: row.node?.name ?? null,
  group: row.groupName,
  ordinal: row.node?.ordinal ?? 0,
  stage: row.stage,
  state: asState(row.stateData),
  runId: row.runId,
  pending: asPending(row.pending),
  attempt: row.attempt,
  version: row.version,
});
