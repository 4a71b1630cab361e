/**
 * The ledger of a simulated site: each call for a step and each end of one, as its own line. It is what an oracle reads
 * to prove that no attempt started twice and no two attempts of one node-role ran at once.
 */
import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';

const ledgerLineSchema = z.strictObject({
  event: z.enum(['call', 'end']),
  atMs: z.number(),
  processId: z.number(),
  nodeId: z.string(),
  role: z.string(),
  action: z.string(),
  attempt: z.number(),
  startedAtMs: z.number(),
  /** When the simulated process ends, whether a worker watches or not. */
  untilMs: z.number(),
  /** Of an end: how. */
  outcome: z.string().nullable(),
});
export type LedgerLine = z.infer<typeof ledgerLineSchema>;

/** What happened to one attempt of one role on one node. */
export interface SimLedgerEntry {
  readonly nodeId: string;
  readonly role: string;
  readonly attempt: number;
  readonly actions: readonly string[];
  /**
   * How often the attempt was started. A worker that takes over names the same `startedAtMs` and so does not start it
   * again; more than one means that the engine began one attempt twice.
   */
  readonly starts: number;
  /** How often a worker asked for it, take-overs included. */
  readonly calls: number;
  /** The simulated process ran from the first to the second moment; milliseconds since the epoch. */
  readonly startedAtMs: number;
  readonly untilMs: number;
  /** Outcomes in the order they were given. */
  readonly outcomes: readonly string[];
}

/** Appends to a file of this process's own; the file appears with the first line. */
export function createLedgerWriter(directory: string): { append: (line: LedgerLine) => void; close: () => void } {
  let file: number | null = null;
  return {
    append: (line) => {
      if (file === null) {
        fs.mkdirSync(directory, { recursive: true, mode: 0o700 });
        file = fs.openSync(join(directory, `${process.pid}-${randomBytes(4).toString('hex')}.log`), 'a', 0o600);
      }
      fs.writeSync(file, `${JSON.stringify(line)}\n`);
    },
    close: () => {
      if (file !== null) fs.closeSync(file);
      file = null;
    },
  };
}

/** All lines of all processes by time. A last line cut off by a kill is left out. */
export function readLedgerLines(directory: string): readonly LedgerLine[] {
  if (!fs.existsSync(directory)) return [];
  return fs
    .readdirSync(directory)
    .flatMap((name) => fs.readFileSync(join(directory, name), 'utf8').split('\n').slice(0, -1))
    .map((text) => ledgerLineSchema.parse(JSON.parse(text)))
    .sort((a, b) => a.atMs - b.atMs);
}

/** Lines gathered by node, role and attempt, in the order of their first calls. */
export function gatherLedger(lines: readonly LedgerLine[]): readonly SimLedgerEntry[] {
  const groups = new Map<string, LedgerLine[]>();
  for (const line of lines) {
    const name = JSON.stringify([line.nodeId, line.role, line.attempt]);
    const group = groups.get(name);
    if (group === undefined) groups.set(name, [line]);
    else group.push(line);
  }
  return [...groups.values()].flatMap((group) => {
    const [first] = group;
    if (first === undefined) return [];
    const calls = group.filter((line) => line.event === 'call');
    return [
      {
        nodeId: first.nodeId,
        role: first.role,
        attempt: first.attempt,
        actions: [...new Set(group.map((line) => line.action))],
        starts: new Set(calls.map((line) => line.startedAtMs)).size,
        calls: calls.length,
        startedAtMs: Math.min(...group.map((line) => line.startedAtMs)),
        untilMs: Math.max(...group.map((line) => line.untilMs)),
        outcomes: group.flatMap((line) => line.outcome ?? []),
      },
    ];
  });
}

/** Reads what the simulated site with this data directory was asked to run, by every worker that ever did. */
export const readSimLedger = (directory: string): readonly SimLedgerEntry[] =>
  gatherLedger(readLedgerLines(join(directory, 'ledger')));
