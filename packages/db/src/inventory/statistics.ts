import type { PrismaClient } from '../generated/client.ts';

/** Numbers for the metrics page, and what readiness asks. */
export const statisticsInventory = (prisma: PrismaClient) => ({
  async nodeRolesByState(): Promise<ReadonlyMap<string, number>> {
    const groups = await prisma.nodeRole.groupBy({ by: ['state'], where: { state: { not: 'removed' } }, _count: true });
    return new Map(groups.map((group) => [group.state, group._count]));
  },
  liveRuns: (): Promise<number> => prisma.run.count({ where: { state: 'running' } }),
  /** Admitted and not yet taken by a worker, and what has not reached the queue. */
  async queued(): Promise<{ readonly jobs: number; readonly outbox: number }> {
    const [jobs, outbox] = await Promise.all([
      prisma.nodeRole.count({ where: { state: 'ready', holds: true } }),
      prisma.outbox.count(),
    ]);
    return { jobs, outbox };
  },
  /** Names of the migrations that were applied whole. */
  async appliedMigrations(): Promise<readonly string[]> {
    const rows = await prisma.$queryRaw<{ name: string }[]>`
      SELECT migration_name AS name FROM _prisma_migrations WHERE finished_at IS NOT NULL AND rolled_back_at IS NULL`;
    return rows.map((row) => row.name);
  },
});
