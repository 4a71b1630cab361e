import type { LogChunkRow } from '../engine/logs.ts';
import type { PrismaClient } from '../generated/client.ts';

export const logInventory = (prisma: PrismaClient) => ({
  /** Chunks of an attempt's log that end after `offset`, in order. */
  chunks: (attemptId: string, offset: number, limit: number): Promise<readonly LogChunkRow[]> =>
    prisma.logChunk.findMany({
      where: { attemptId, end: { gt: offset } },
      select: { attemptId: true, offset: true, end: true, text: true },
      orderBy: { offset: 'asc' },
      take: limit,
    }),
});
