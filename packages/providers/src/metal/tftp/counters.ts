import type { Malformed } from './packet.ts';
import type { TftpCounters, TransferReport } from './transfer-report.ts';

export interface Counting {
  readonly request: () => void;
  readonly report: (report: TransferReport) => void;
  readonly malformed: (reason: Malformed) => void;
  readonly stray: () => void;
  /** A copy. */
  read(active: number): TftpCounters;
}

export function createCounting(): Counting {
  const refused = new Map<string, number>();
  const failed = new Map<string, number>();
  const malformed = new Map<string, number>();
  const totals = { requests: 0, done: 0, declined: 0, sentBlocks: 0, resentBlocks: 0, strays: 0 };
  const bump = (map: Map<string, number>, key: string): void => {
    map.set(key, (map.get(key) ?? 0) + 1);
  };
  return {
    request: () => {
      totals.requests += 1;
    },
    report: ({ outcome, sentBlocks, resentBlocks }) => {
      totals.sentBlocks += sentBlocks;
      totals.resentBlocks += resentBlocks;
      if (outcome.kind === 'refused') bump(refused, outcome.reason);
      else if (outcome.kind === 'failed') bump(failed, outcome.reason);
      else totals[outcome.kind] += 1;
    },
    malformed: (reason) => bump(malformed, reason),
    stray: () => {
      totals.strays += 1;
    },
    read: (active) => ({
      ...totals,
      active,
      refused: Object.fromEntries(refused),
      failed: Object.fromEntries(failed),
      malformed: Object.fromEntries(malformed),
    }),
  };
}
