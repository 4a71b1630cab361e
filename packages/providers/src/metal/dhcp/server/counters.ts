import type { Malformed } from '../codec/parse-packet.ts';
import type { Silence } from '../decide/context.ts';

/** Numbers since the start; a snapshot is for metrics and reports. */
export interface Counters {
  received: number;
  sent: number;
  sendErrors: number;
  offers: number;
  acks: number;
  naks: number;
  /** Dropped before they were read: the client sends too many. */
  limited: number;
  /** Dropped because the disk is too far behind, or failed. */
  overloaded: number;
  /** Addresses that a probe found in use. */
  conflicts: number;
  bootLoops: number;
  /** Replies that had to leave options out. */
  shortened: number;
  readonly malformed: Partial<Record<Malformed, number>>;
  readonly silences: Partial<Record<Silence, number>>;
}

export const newCounters = (): Counters => ({
  received: 0,
  sent: 0,
  sendErrors: 0,
  offers: 0,
  acks: 0,
  naks: 0,
  limited: 0,
  overloaded: 0,
  conflicts: 0,
  bootLoops: 0,
  shortened: 0,
  malformed: {},
  silences: {},
});

export function countOne<K extends string>(counts: Partial<Record<K, number>>, key: K): void {
  counts[key] = (counts[key] ?? 0) + 1;
}
