import type { StepError } from '@formwork/core';
import type { Prisma, PrismaClient } from '../generated/client.ts';
import { type Page, type PageRequest, positionNumber, toPage } from './page.ts';
import type { Reader } from './reader.ts';
import { asStepError } from './stored-json.ts';

export interface AttemptRecord {
  readonly id: string;
  readonly nodeRoleId: string;
  readonly number: number;
  readonly runId: string;
  readonly action: string;
  readonly state: 'running' | 'waiting' | 'done' | 'failed' | 'aborted';
  readonly worker: string | null;
  readonly error: StepError | null;
  readonly startedAt: Date;
  readonly endedAt: Date | null;
}

/** Inputs are left out: they can be long, and nobody is shown them. */
const select = {
  id: true,
  nodeRoleId: true,
  number: true,
  runId: true,
  action: true,
  state: true,
  worker: true,
  error: true,
  startedAt: true,
  endedAt: true,
} as const satisfies Prisma.AttemptSelect;

/** The last one of each by its index. */
const latest = `SELECT a.id, a.node_role_id AS "nodeRoleId", a.number, a.run_id AS "runId", a.action, a.state, a.worker, a.error,
    a.started_at AS "startedAt", a.ended_at AS "endedAt"
  FROM unnest($1::uuid[]) AS r(id)
  CROSS JOIN LATERAL (SELECT * FROM attempts WHERE node_role_id = r.id ORDER BY number DESC LIMIT 1) AS a`;

export const attemptInventory = (prisma: PrismaClient, reader: Reader) => ({
  /** Newest first. */
  async list(query: PageRequest & { readonly nodeRoleId: string }): Promise<Page<AttemptRecord>> {
    const before = positionNumber(query.after);
    const rows = await prisma.attempt.findMany({
      where: { nodeRoleId: query.nodeRoleId, ...(before === null ? {} : { number: { lt: before } }) },
      select,
      orderBy: { number: 'desc' },
      take: query.limit + 1,
    });
    return toPage(rows.map(toAttempt), query.limit, (row) => [String(row.number)]);
  },
  /** One by its number, the last one when that is null. */
  async find(nodeRoleId: string, number: number | null): Promise<AttemptRecord | null> {
    const row = await prisma.attempt.findFirst({
      where: { nodeRoleId, ...(number === null ? {} : { number }) },
      select,
      orderBy: { number: 'desc' },
    });
    return row === null ? null : toAttempt(row);
  },
  /** The first one after a number. */
  async next(nodeRoleId: string, after: number): Promise<AttemptRecord | null> {
    const row = await prisma.attempt.findFirst({
      where: { nodeRoleId, number: { gt: after } },
      select,
      orderBy: { number: 'asc' },
    });
    return row === null ? null : toAttempt(row);
  },
  /** The latest of each node-role. */
  async latest(nodeRoles: readonly { readonly id: string; readonly attempt: number }[]) {
    const begun = nodeRoles.filter((nodeRole) => nodeRole.attempt > 0);
    if (begun.length === 0) return new Map<string, AttemptRecord>();
    const rows = await reader.prepared<AttemptRecord>(latest, [begun.map((nodeRole) => nodeRole.id)]);
    return new Map(rows.map((row) => [row.nodeRoleId, row]));
  },
  /** Bytes of the stored logs by attempt id: where each one ends. */
  async logBytes(ids: readonly string[]): Promise<ReadonlyMap<string, number>> {
    const rows = await prisma.logChunk.groupBy({
      by: ['attemptId'],
      where: { attemptId: { in: [...ids] } },
      _max: { end: true },
    });
    return new Map(rows.map((row) => [row.attemptId, row._max.end ?? 0]));
  },
});

type Row = Prisma.AttemptGetPayload<{ select: typeof select }>;

const toAttempt = (row: Row): AttemptRecord => ({
  ...row,
  state: asState(row.state),
  error: asStepError(row.error),
});

/** The engine's types keep the column to these. */
const asState = (text: string): AttemptRecord['state'] => text as AttemptRecord['state'];
