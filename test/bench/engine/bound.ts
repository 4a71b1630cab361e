import type { Graph, WorkVertex } from '@formwork/core';

/** What one segment between barriers cannot be faster than, milliseconds, by cause. */
export interface SegmentBound {
  readonly stages: readonly string[];
  readonly criticalPathMs: number;
  readonly workOverSlotsMs: number;
  readonly rolesOverMaxMs: number;
  readonly locksMs: number;
  readonly lanesMs: number;
  readonly boundMs: number;
}

export interface BoundRequest {
  readonly graph: Graph;
  /** How long each vertex took by itself, milliseconds; machines too. */
  readonly durationMs: (vertex: WorkVertex) => number;
  /** Stages by segment. */
  readonly segments: readonly (readonly string[])[];
  readonly slots: number;
  /** Whether the vertex occupies a worker's slot all the time; a machine that boots does not. */
  readonly occupiesSlot: (vertex: WorkVertex) => boolean;
  /** Greatest number at once by role; null for no limit. */
  readonly max: (role: string) => number | null;
  /** Name of the lock that the role holds; null for none. */
  readonly lock: (role: string) => string | null;
}

/** The sum over the segments of the greatest of all that no schedule can beat. */
export function lowerBound(request: BoundRequest): {
  readonly boundMs: number;
  readonly criticalPathMs: number;
  readonly segments: readonly SegmentBound[];
} {
  const segments = request.segments.map((stages) => segmentBound(request, stages));
  return {
    boundMs: segments.reduce((sum, segment) => sum + segment.boundMs, 0),
    criticalPathMs: segments.reduce((sum, segment) => sum + segment.criticalPathMs, 0),
    segments,
  };
}

function segmentBound(request: BoundRequest, stages: readonly string[]): SegmentBound {
  const work = request.graph.vertices.filter(
    (vertex): vertex is WorkVertex => vertex.kind === 'node-role' && stages.includes(vertex.stage),
  );
  const sums = { role: new Map<string, number>(), lock: new Map<string, number>(), lane: new Map<string, number>() };
  let slotMs = 0;
  for (const vertex of work) {
    const ms = request.durationMs(vertex);
    if (request.occupiesSlot(vertex)) slotMs += ms;
    add(sums.role, vertex.role, ms);
    const lock = request.lock(vertex.role);
    if (lock !== null) add(sums.lock, lock, ms);
    if (vertex.node !== null) add(sums.lane, `${vertex.node} ${vertex.lane}`, ms);
  }
  const bounds = {
    criticalPathMs: longestPathMs(request, new Set(work.map((vertex) => vertex.key))),
    workOverSlotsMs: slotMs / request.slots,
    rolesOverMaxMs: Math.max(0, ...[...sums.role].map(([role, ms]) => ms / (request.max(role) ?? Infinity))),
    locksMs: greatest(sums.lock),
    lanesMs: greatest(sums.lane),
  };
  return { stages, ...bounds, boundMs: Math.max(...Object.values(bounds)) };
}

const add = (sums: Map<string, number>, key: string, ms: number): void => {
  sums.set(key, (sums.get(key) ?? 0) + ms);
};

const greatest = (sums: ReadonlyMap<string, number>): number => {
  let most = 0;
  for (const ms of sums.values()) most = Math.max(most, ms);
  return most;
};

/** The longest way through the given vertices, gates looked through. */
function longestPathMs(request: BoundRequest, within: ReadonlySet<string>): number {
  const children = new Map<string, string[]>();
  const missing = new Map<string, number>();
  for (const edge of request.graph.edges) {
    const known = children.get(edge.from);
    if (known === undefined) children.set(edge.from, [edge.to]);
    else known.push(edge.to);
    missing.set(edge.to, (missing.get(edge.to) ?? 0) + 1);
  }
  const byKey = new Map(request.graph.vertices.map((vertex) => [vertex.key, vertex]));
  const startMs = new Map<string, number>();
  const open = request.graph.vertices.filter((vertex) => !missing.has(vertex.key)).map((vertex) => vertex.key);
  let longest = 0;
  for (let key = open.pop(); key !== undefined; key = open.pop()) {
    const vertex = byKey.get(key);
    const ms = vertex?.kind === 'node-role' && within.has(key) ? request.durationMs(vertex) : 0;
    const endMs = (startMs.get(key) ?? 0) + ms;
    longest = Math.max(longest, endMs);
    for (const child of children.get(key) ?? []) {
      startMs.set(child, Math.max(startMs.get(child) ?? 0, endMs));
      const left = (missing.get(child) ?? 0) - 1;
      missing.set(child, left);
      if (left === 0) open.push(child);
    }
  }
  return longest;
}
