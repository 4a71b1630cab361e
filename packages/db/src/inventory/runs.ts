import type { JsonObject } from '@formwork/core';
import type { Prisma, PrismaClient } from '../generated/client.ts';
import { afterRow, idOnly, isUuid, type Page, type PageRequest, toPage } from './page.ts';
import { asObject } from './stored-json.ts';

export interface RunRecord {
  readonly id: string;
  readonly deploymentId: string;
  readonly deployment: string;
  readonly paused: boolean;
  readonly planId: string;
  readonly purpose: 'apply' | 'destroy' | 'task';
  readonly state: 'running' | 'succeeded' | 'failed' | 'cancelled' | 'superseded';
  /** Counts at its end: total, ok, failed, skipped, blocked. */
  readonly summary: JsonObject | null;
  readonly startedAt: Date;
  readonly endedAt: Date | null;
  /** Its node-roles by state. */
  readonly byState: Readonly<Record<string, number>>;
  /** How many of them are queued, running or waiting. */
  readonly holding: number;
}

/** What attempts of a run took, milliseconds. */
export interface RunTimings {
  /** Sum of the durations of those that ended. */
  readonly workMs: number;
  /** Sum of the times between being admitted and being started. */
  readonly waitingMs: number;
  readonly longestMs: number;
}

export interface RunStep {
  readonly key: string;
  readonly startedAt: Date;
  readonly durationMs: number;
}

const include = { deployment: { select: { name: true, paused: true } } } as const;

export const runInventory = (prisma: PrismaClient) => {
  const withCounts = async (rows: readonly Row[]): Promise<readonly RunRecord[]> => {
    const groups = await prisma.nodeRole.groupBy({
      by: ['runId', 'state', 'holds'],
      where: { runId: { in: rows.map((row) => row.id) } },
      _count: true,
    });
    return rows.map((row) => {
      const own = groups.filter((group) => group.runId === row.id);
      const byState: Record<string, number> = {};
      for (const group of own) byState[group.state] = (byState[group.state] ?? 0) + group._count;
      const holding = own.reduce((sum, group) => sum + (group.holds ? group._count : 0), 0);
      return toRecord(row, byState, holding);
    });
  };
  return {
    /** Newest first. */
    async list(
      query: PageRequest & { readonly deploymentId: string; readonly states?: readonly string[] },
    ): Promise<Page<RunRecord>> {
      const rows = await prisma.run.findMany({
        where: {
          deploymentId: query.deploymentId,
          ...(query.states === undefined ? {} : { state: { in: [...query.states] } }),
        },
        include,
        orderBy: [{ startedAt: 'desc' }, { id: 'desc' }],
        ...afterRow(query.after),
        take: query.limit + 1,
      });
      return toPage(await withCounts(rows), query.limit, idOnly);
    },
    async find(id: string): Promise<RunRecord | null> {
      if (!isUuid(id)) return null;
      const row = await prisma.run.findUnique({ where: { id }, include });
      return row === null ? null : ((await withCounts([row]))[0] ?? null);
    },
    /** Each node-role's work in the run: when its first attempt started and how long its attempts took in all. */
    async steps(runId: string): Promise<readonly RunStep[]> {
      const rows = await prisma.$queryRaw<{ key: string; started_at: Date; ms: number }[]>`
        SELECT n.key, min(a.started_at) AS started_at,
          sum(EXTRACT(EPOCH FROM COALESCE(a.ended_at, now()) - a.started_at))::float8 * 1000 AS ms
        FROM attempts a JOIN node_roles n ON n.id = a.node_role_id WHERE a.run_id = ${runId}::uuid GROUP BY n.key`;
      return rows.map((row) => ({ key: row.key, startedAt: row.started_at, durationMs: row.ms }));
    },
    /** Null before the first attempt has ended. */
    async timings(runId: string): Promise<RunTimings | null> {
      const [row] = await prisma.$queryRaw<{ ended: number; work: number; waiting: number; longest: number }[]>`
        SELECT count(a.ended_at)::int AS ended,
          COALESCE(sum(EXTRACT(EPOCH FROM a.ended_at - a.started_at)), 0)::float8 * 1000 AS work,
          COALESCE(max(EXTRACT(EPOCH FROM a.ended_at - a.started_at)), 0)::float8 * 1000 AS longest,
          COALESCE(sum(EXTRACT(EPOCH FROM a.started_at - e.at)), 0)::float8 * 1000 AS waiting
        FROM attempts a LEFT JOIN LATERAL (
          SELECT at FROM events WHERE node_role_id = a.node_role_id AND kind = 'node-role.enqueued' AND at <= a.started_at
          ORDER BY id DESC LIMIT 1
        ) AS e ON true WHERE a.run_id = ${runId}::uuid`;
      if (row === undefined || row.ended === 0) return null;
      return { workMs: row.work, waitingMs: row.waiting, longestMs: row.longest };
    },
  };
};

type Row = Prisma.RunGetPayload<{ include: typeof include }>;

const toRecord = (row: Row, byState: Readonly<Record<string, number>>, holding: number): RunRecord => ({
  id: row.id,
  deploymentId: row.deploymentId,
  deployment: row.deployment.name,
  paused: row.deployment.paused,
  planId: row.planId,
  purpose: asPurpose(row.purpose),
  state: asState(row.state),
  summary: row.summary === null ? null : asObject(row.summary),
  startedAt: row.startedAt,
  endedAt: row.endedAt,
  byState,
  holding,
});

/** Text columns whose values a CHECK or the engine's types keep to these. */
const asPurpose = (text: string): RunRecord['purpose'] => text as RunRecord['purpose'];
const asState = (text: string): RunRecord['state'] => text as RunRecord['state'];
