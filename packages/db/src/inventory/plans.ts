import type { Graph } from '@formwork/core';
import type { Prisma, PrismaClient } from '../generated/client.ts';
import { afterRow, idOnly, isUuid, type Page, type PageRequest, toPage } from './page.ts';
import { asGraph, asPlan, type PlanBody } from './stored-json.ts';

export interface PlanRecord {
  readonly id: string;
  readonly deploymentId: string;
  readonly deployment: string;
  /** Of the deployment now; another one than the plan saw makes an open plan stale. */
  readonly committedVersion: number;
  readonly specificationVersion: number;
  readonly state: string;
  readonly plan: PlanBody;
  /** The run that executes it. */
  readonly run: string | null;
  readonly createdAt: Date;
}

/** Who a plan belongs to and what it is for, without what it is made of. */
export type PlanSummary = Pick<PlanRecord, 'id' | 'deploymentId' | 'deployment' | 'specificationVersion'> & {
  readonly isTask: boolean;
};

const include = { deployment: { select: { name: true, committedVersion: true } } } as const;
/** The graph is asked for by itself. */
const shown = { include, omit: { graph: true } } as const;

export const planInventory = (prisma: PrismaClient) => {
  const withRuns = async (rows: readonly Row[]): Promise<readonly PlanRecord[]> => {
    const runs = await prisma.run.findMany({
      where: { planId: { in: rows.map((row) => row.id) } },
      select: { id: true, planId: true },
    });
    const byPlan = new Map(runs.map((run) => [run.planId, run.id]));
    return rows.map((row) => ({
      id: row.id,
      deploymentId: row.deploymentId,
      deployment: row.deployment.name,
      committedVersion: row.deployment.committedVersion,
      specificationVersion: row.specificationVersion,
      state: row.state,
      plan: asPlan(row.document),
      run: byPlan.get(row.id) ?? null,
      createdAt: row.createdAt,
    }));
  };
  return {
    /** Newest first. */
    async list(
      query: PageRequest & { readonly deploymentId: string; readonly states?: readonly string[] },
    ): Promise<Page<PlanRecord>> {
      const rows = await prisma.plan.findMany({
        where: {
          deploymentId: query.deploymentId,
          ...(query.states === undefined ? {} : { state: { in: [...query.states] } }),
        },
        ...shown,
        orderBy: [{ createdAt: 'desc' }, { id: 'desc' }],
        ...afterRow(query.after),
        take: query.limit + 1,
      });
      return toPage(await withRuns(rows), query.limit, idOnly);
    },
    async find(id: string): Promise<PlanRecord | null> {
      if (!isUuid(id)) return null;
      const row = await prisma.plan.findUnique({ where: { id }, ...shown });
      return row === null ? null : ((await withRuns([row]))[0] ?? null);
    },
    /** Null for a plan that is not there. */
    async graph(id: string): Promise<Graph | null> {
      if (!isUuid(id)) return null;
      const row = await prisma.plan.findUnique({ where: { id }, select: { graph: true } });
      return row === null ? null : asGraph(row.graph);
    },
    /** How many actions it has. */
    async size(id: string): Promise<number> {
      const [row] = await prisma.$queryRaw<{ size: number }[]>`
        SELECT jsonb_array_length(document->'actions') AS size FROM plans WHERE id = ${id}::uuid`;
      return row?.size ?? 0;
    },
    async summary(id: string): Promise<PlanSummary | null> {
      if (!isUuid(id)) return null;
      const row = await prisma.plan.findUnique({
        where: { id },
        select: {
          id: true,
          deploymentId: true,
          specificationVersion: true,
          purpose: true,
          deployment: include.deployment,
        },
      });
      if (row === null) return null;
      const { purpose, deployment, ...rest } = row;
      return { ...rest, deployment: deployment.name, isTask: purpose === 'task' };
    },
    async open(deploymentId: string): Promise<PlanRecord | null> {
      const row = await prisma.plan.findFirst({
        where: { deploymentId, state: 'open' },
        ...shown,
        orderBy: { createdAt: 'desc' },
      });
      return row === null ? null : ((await withRuns([row]))[0] ?? null);
    },
  };
};

type Row = Prisma.PlanGetPayload<typeof shown>;
