import type { Edge, Graph, Vertex } from './graph.ts';

/**
 * How a vertex of work stands in a run.
 *
 * - `pending`: has work left
 * - `ok`: active with its current inputs (or removed, for a vertex that takes away)
 * - `failed`: failed with no retry to come, unless somebody says so
 * - `skipped`: a person said to go on without it
 */
export type Standing = 'pending' | 'ok' | 'failed' | 'skipped';

interface Cell {
  readonly vertex: Vertex;
  standing: Standing;
  /** Hard parents not yet satisfied; for a gate with `min`, how many more it needs. */
  hardMissing: number;
  orderMissing: number;
  /** Hard parents that can never be satisfied any more. */
  lost: number;
  hardParents: number;
  dead: boolean;
  readonly children: { readonly cell: Cell; readonly kind: Edge['kind'] }[];
  readonly parents: { readonly cell: Cell; readonly kind: Edge['kind'] }[];
}

/** What a change of one vertex made possible, or impossible. */
export interface Consequence {
  /** Vertices of work that may run now as far as the graph is concerned. */
  readonly opened: readonly string[];
  /** Vertices of work that can never run in this run, because a hard parent failed. */
  readonly died: readonly string[];
}

export interface Blockers {
  readonly hard: readonly string[];
  readonly order: readonly string[];
  /** Failed vertices of work at the root of what can never come. */
  readonly failed: readonly string[];
}

/**
 * The progress of one run over its graph: counters, so that the end of one vertex costs the number of its children.
 * A vertex that goes back from an end to `pending` (retry, a stale input) makes the counters be built anew.
 */
export interface Schedule {
  /** Records where a vertex stands now. */
  settle(key: string, standing: Standing): Consequence;
  standing(key: string): Standing | null;
  /** All vertices of work that are pending, alive and have nothing missing. */
  eligible(): readonly string[];
  isEligible(key: string): boolean;
  isDead(key: string): boolean;
  /** Direct parents that hold a vertex back, gates looked through. */
  blockers(key: string): Blockers;
  /** Vertices of work by standing; `dead` counts those that are pending and can never run. */
  counts(): Readonly<Record<Standing | 'dead', number>>;
}

export function createSchedule(graph: Graph, standings: ReadonlyMap<string, Standing>): Schedule {
  const cells = new Map<string, Cell>();
  for (const vertex of graph.vertices) {
    cells.set(vertex.key, {
      vertex,
      standing: vertex.kind === 'gate' ? 'pending' : (standings.get(vertex.key) ?? 'pending'),
      hardMissing: 0,
      orderMissing: 0,
      lost: 0,
      hardParents: 0,
      dead: false,
      children: [],
      parents: [],
    });
  }
  for (const edge of graph.edges) {
    const from = cells.get(edge.from);
    const to = cells.get(edge.to);
    if (from === undefined || to === undefined) continue;
    from.children.push({ cell: to, kind: edge.kind });
    to.parents.push({ cell: from, kind: edge.kind });
  }
  rebuild(cells);
  let tally = countAll(cells);

  return {
    settle(key, standing) {
      const cell = cells.get(key);
      if (cell === undefined || cell.standing === standing) return { opened: [], died: [] };
      const former = cell.standing;
      if (former !== 'pending' || cell.dead) {
        const before = new Set(eligibleKeys(cells));
        cell.standing = standing;
        rebuild(cells);
        tally = countAll(cells);
        return { opened: eligibleKeys(cells).filter((k) => !before.has(k)), died: [] };
      }
      cell.standing = standing;
      const opened: string[] = [];
      const died: string[] = [];
      spread(cell, opened, died);
      if (isWork(cell)) {
        tally[former] -= 1;
        tally[standing] += 1;
      }
      tally.pending -= died.length;
      tally.dead += died.length;
      return { opened, died };
    },
    standing: (key) => cells.get(key)?.standing ?? null,
    eligible: () => eligibleKeys(cells),
    isEligible: (key) => {
      const cell = cells.get(key);
      return cell !== undefined && isOpen(cell);
    },
    isDead: (key) => cells.get(key)?.dead ?? false,
    blockers: (key) => blockersOf(cells.get(key)),
    counts: () => ({ ...tally }),
  };
}

function countAll(cells: ReadonlyMap<string, Cell>): Record<Standing | 'dead', number> {
  const counts = { pending: 0, ok: 0, failed: 0, skipped: 0, dead: 0 };
  for (const cell of cells.values()) {
    if (isWork(cell)) counts[cell.dead && cell.standing === 'pending' ? 'dead' : cell.standing] += 1;
  }
  return counts;
}

const isWork = (cell: Cell): boolean => cell.vertex.kind === 'node-role';

const isOpen = (cell: Cell): boolean =>
  isWork(cell) && cell.standing === 'pending' && !cell.dead && cell.hardMissing <= 0 && cell.orderMissing === 0;

const eligibleKeys = (cells: ReadonlyMap<string, Cell>): string[] =>
  [...cells.values()].filter(isOpen).map((cell) => cell.vertex.key);

/** For hard children: there with its current outputs. A gate is, once what it counts is there. */
const isSatisfied = (cell: Cell): boolean =>
  isWork(cell) ? cell.standing === 'ok' : cell.standing === 'ok' && !cell.dead;

/** For order children: nothing left that could still run. */
const isThrough = (cell: Cell): boolean => cell.dead || cell.standing !== 'pending';

/** Cannot become satisfied without somebody's help. */
const isLost = (cell: Cell): boolean =>
  cell.dead || (isWork(cell) && (cell.standing === 'failed' || cell.standing === 'skipped'));

function rebuild(cells: ReadonlyMap<string, Cell>): void {
  for (const cell of cells.values()) {
    const hard = cell.parents.filter((p) => p.kind === 'hard').length;
    cell.hardParents = hard;
    cell.hardMissing = cell.vertex.kind === 'gate' ? Math.min(cell.vertex.min ?? hard, hard) : hard;
    cell.orderMissing = cell.parents.length - hard;
    cell.lost = 0;
    cell.dead = false;
    if (cell.vertex.kind === 'gate') cell.standing = 'pending';
  }
  for (const cell of cells.values()) {
    if (isWork(cell) ? cell.standing !== 'pending' : gateOpens(cell)) spread(cell, [], []);
  }
}

/** A gate without parents is open from the start. */
function gateOpens(cell: Cell): boolean {
  if (cell.standing !== 'pending' || cell.dead || cell.hardMissing > 0 || cell.orderMissing > 0) return false;
  cell.standing = 'ok';
  return true;
}

/** Tells the children of a vertex that has just come to an end (or died), gates onward, without recursion. */
function spread(start: Cell, opened: string[], died: string[]): void {
  const queue: Cell[] = [start];
  for (let cell = queue.pop(); cell !== undefined; cell = queue.pop()) {
    for (const { cell: child, kind } of cell.children) {
      if (kind === 'order') {
        if (isThrough(cell)) child.orderMissing -= 1;
      } else if (isSatisfied(cell)) child.hardMissing -= 1;
      else if (isLost(cell)) child.lost += 1;

      if (child.standing !== 'pending' || child.dead) continue;
      const spare =
        child.vertex.kind === 'gate' && child.vertex.min !== null
          ? child.hardParents - Math.min(child.vertex.min, child.hardParents)
          : 0;
      if (child.lost > spare) {
        child.dead = true;
        if (isWork(child)) died.push(child.vertex.key);
        queue.push(child);
      } else if (!isWork(child)) {
        if (gateOpens(child)) queue.push(child);
      } else if (isOpen(child)) opened.push(child.vertex.key);
    }
  }
}

function blockersOf(cell: Cell | undefined): Blockers {
  const hard = new Set<string>();
  const order = new Set<string>();
  const failed = new Set<string>();
  const seen = new Set<Cell>();
  const look = (at: Cell, into: Set<string> | null): void => {
    for (const { cell: parent, kind } of at.parents) {
      if (seen.has(parent)) continue;
      const holdsBack = kind === 'hard' ? !isSatisfied(parent) : !isThrough(parent);
      if (!holdsBack) continue;
      seen.add(parent);
      const bucket = into ?? (kind === 'hard' ? hard : order);
      if (!isWork(parent)) look(parent, bucket);
      else if (parent.standing === 'failed' || parent.standing === 'skipped') failed.add(parent.vertex.key);
      else {
        bucket.add(parent.vertex.key);
        if (parent.dead) collectRoots(parent, failed, new Set());
      }
    }
  };
  if (cell !== undefined) look(cell, null);
  return { hard: [...hard], order: [...order], failed: [...failed] };
}

function collectRoots(cell: Cell, failed: Set<string>, seen: Set<Cell>): void {
  if (seen.has(cell)) return;
  seen.add(cell);
  for (const { cell: parent, kind } of cell.parents) {
    if (kind !== 'hard') continue;
    if (isWork(parent) && (parent.standing === 'failed' || parent.standing === 'skipped'))
      failed.add(parent.vertex.key);
    else if (parent.dead) collectRoots(parent, failed, seen);
  }
}
