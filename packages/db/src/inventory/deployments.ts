import type { Specification } from '@formwork/core';
import type { Deployment, PrismaClient } from '../generated/client.ts';
import { afterNameAndId, isUuid, nameAndId, type Page, type PageRequest, toPage } from './page.ts';
import { asSpecification, asStringMap } from './stored-json.ts';

/** A deployment with what lists and pages about it show. */
export interface DeploymentRecord {
  readonly id: string;
  readonly name: string;
  readonly state: 'new' | 'running' | 'active' | 'failed' | 'destroying' | 'destroyed';
  readonly paused: boolean;
  readonly committedVersion: number;
  readonly proposedVersion: number;
  /** Committed, else the latest proposed. */
  readonly specification: Specification | null;
  /** The packs pinned for it. */
  readonly packs: Readonly<Record<string, string>>;
  readonly openPlan: string | null;
  readonly liveRun: string | null;
  readonly lastRun: string | null;
  readonly nodes: number;
  readonly nodeRoles: Readonly<Record<string, number>>;
  /** How many resources the last leak check found; null when there was none. */
  readonly leaks: number | null;
  readonly version: number;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

export const deploymentInventory = (prisma: PrismaClient) => {
  const describe = async (rows: readonly Deployment[]): Promise<readonly DeploymentRecord[]> => {
    const ids = rows.map((row) => row.id);
    const of = { deploymentId: { in: ids } };
    const [specifications, plans, runs, nodes, nodeRoles] = await Promise.all([
      prisma.specificationVersion.findMany({
        where: {
          OR: rows.map((row) => ({ deploymentId: row.id, version: row.committedVersion || row.proposedVersion })),
        },
      }),
      prisma.plan.findMany({ where: { ...of, state: 'open' }, select: { id: true, deploymentId: true } }),
      prisma.run.findMany({
        where: of,
        select: { id: true, deploymentId: true, state: true },
        orderBy: { startedAt: 'desc' },
        distinct: ['deploymentId'],
      }),
      prisma.node.groupBy({ by: ['deploymentId'], where: { ...of, state: { not: 'destroyed' } }, _count: true }),
      prisma.nodeRole.groupBy({
        by: ['deploymentId', 'state'],
        where: { ...of, state: { not: 'removed' } },
        _count: true,
      }),
    ]);
    return rows.map((row): DeploymentRecord => {
      const mine = (other: { readonly deploymentId: string | null }): boolean => other.deploymentId === row.id;
      const specification = specifications.find(mine);
      const run = runs.find(mine);
      return {
        id: row.id,
        name: row.name,
        state: asState(row.state),
        paused: row.paused,
        committedVersion: row.committedVersion,
        proposedVersion: row.proposedVersion,
        specification: specification === undefined ? null : asSpecification(specification.document),
        packs: specification === undefined ? {} : asStringMap(specification.packs),
        openPlan: plans.find(mine)?.id ?? null,
        liveRun: run?.state === 'running' ? run.id : null,
        lastRun: run?.id ?? null,
        nodes: nodes.find(mine)?._count ?? 0,
        nodeRoles: Object.fromEntries(nodeRoles.filter(mine).map((group) => [group.state, group._count])),
        leaks: Array.isArray(row.leaks) ? row.leaks.length : null,
        version: row.version,
        createdAt: row.createdAt,
        updatedAt: row.updatedAt,
      };
    });
  };
  const one = async (row: Deployment | null): Promise<DeploymentRecord | null> =>
    row === null ? null : ((await describe([row]))[0] ?? null);
  return {
    async list(
      query: PageRequest & {
        /** Destroyed ones only when they are named here. */
        readonly states?: readonly string[];
        readonly paused?: boolean;
        readonly workflow?: string;
        /** Null for all. */
        readonly ids: readonly string[] | null;
      },
    ): Promise<Page<DeploymentRecord>> {
      const ofWorkflow = query.workflow === undefined ? null : await idsOfWorkflow(prisma, query.workflow);
      const rows = await prisma.deployment.findMany({
        where: {
          AND: [
            afterNameAndId(query.after),
            query.states === undefined ? { state: { not: 'destroyed' } } : { state: { in: [...query.states] } },
            query.paused === undefined ? {} : { paused: query.paused },
            query.ids === null ? {} : { id: { in: [...query.ids] } },
            ofWorkflow === null ? {} : { id: { in: [...ofWorkflow] } },
          ],
        },
        orderBy: [{ name: 'asc' }, { id: 'asc' }],
        take: query.limit + 1,
      });
      const page = toPage(rows, query.limit, nameAndId);
      return { items: await describe(page.items), next: page.next };
    },
    /** The living one of that name, else the last that was destroyed. */
    async byName(name: string): Promise<DeploymentRecord | null> {
      const living = await prisma.deployment.findFirst({ where: { name, state: { not: 'destroyed' } } });
      return one(living ?? (await prisma.deployment.findFirst({ where: { name }, orderBy: { createdAt: 'desc' } })));
    },
    async byId(id: string): Promise<DeploymentRecord | null> {
      return isUuid(id) ? one(await prisma.deployment.findUnique({ where: { id } })) : null;
    },
    /** Of every deployment there ever was. */
    names: (): Promise<readonly { readonly id: string; readonly name: string }[]> =>
      prisma.deployment.findMany({ select: { id: true, name: true } }),
    async idsByName(name: string): Promise<readonly string[]> {
      return (await prisma.deployment.findMany({ where: { name }, select: { id: true } })).map((row) => row.id);
    },
    /** Sites its nodes are or were on, and those the specification names, by name. */
    async siteIds(id: string): Promise<readonly string[]> {
      const rows = await prisma.$queryRaw<{ id: string }[]>`
        SELECT s.id FROM sites s WHERE s.id IN (SELECT site_id FROM nodes WHERE deployment_id = ${id}::uuid)
          OR s.name IN (SELECT g->>'site' FROM specification_versions v JOIN deployments d ON d.id = v.deployment_id
            AND v.version = d.committed_version, jsonb_array_elements(v.document->'groups') AS g WHERE d.id = ${id}::uuid)
        ORDER BY s.name`;
      return rows.map((row) => row.id);
    },
  };
};

async function idsOfWorkflow(prisma: PrismaClient, workflow: string): Promise<readonly string[]> {
  const rows = await prisma.$queryRaw<{ id: string }[]>`
    SELECT d.id FROM deployments d JOIN specification_versions s ON s.deployment_id = d.id
      AND s.version = CASE WHEN d.committed_version > 0 THEN d.committed_version ELSE d.proposed_version END
    WHERE s.document->>'workflow' = ${workflow}`;
  return rows.map((row) => row.id);
}

/** A CHECK keeps the column to these. */
const asState = (text: string): DeploymentRecord['state'] => text as DeploymentRecord['state'];
