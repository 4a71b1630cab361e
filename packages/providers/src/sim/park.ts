import type { LedgerLine } from './ledger.ts';
import type { Machine, NewMachine } from './machine.ts';

/**
 * The park: what a cloud's API would be to another provider. Two kinds hold the same promises, on disk (shared by all
 * workers of one host, survives them) and in memory (of one process). All calls are synchronous: they touch small files
 * in the page cache, which is far cheaper than a trip through the thread pool, and nothing interleaves with them.
 */
export interface Park {
  find(keyHash: string): Machine | null;
  /** The machine of the greatest incarnation that carries this node id. */
  findByNodeId(nodeId: string): Machine | null;
  /** Adds the machine unless one with its key is there; answers the one that stays and whether this call made it. */
  add(machine: NewMachine, keyHash: string, addresses: Iterable<string>): { machine: Machine; made: boolean };
  replace(machine: Machine, keyHash: string): void;
  remove(machine: Machine, keyHash: string): void;
  all(): readonly Machine[];
  /** How many machines there are; exact near `limit`, elsewhere at most a second old. */
  count(limit: number): number;
  /** Counts by one and answers the new count, over all processes and restarts. */
  bump(counter: string): number;
  record(line: LedgerLine): void;
  ledgerLines(): readonly LedgerLine[];
  close(): void;
}
