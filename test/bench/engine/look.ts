import { type Graph, limitOf, type WorkVertex } from '@formwork/core';
import type { Database } from '@formwork/db';
import { readSimLedger } from '@formwork/providers';
import { percentile, rounded } from '../support/statistics.ts';
import { lowerBound } from './bound.ts';
import { lead, limited, stageNames } from './content.ts';
import { type AttemptSpan, dispatchMs } from './dispatch.ts';
import { bootMs } from './spans.ts';

/** What one run's database and ledger tell of its schedule; times in milliseconds. */
export interface Schedule {
  readonly boundMs: number;
  readonly criticalPathMs: number;
  readonly segments: readonly object[];
  readonly dispatch: { readonly p50Ms: number; readonly p99Ms: number };
  readonly statements: readonly object[];
}

/** Compares what happened with what no schedule can beat, over the durations that the simulated steps really had. */
export async function lookAtSchedule(
  db: Database,
  simDirectory: string,
  options: { readonly slots: number; readonly timed: boolean; readonly statements: boolean },
): Promise<Schedule> {
  const [plan] = await db.query<{ graph: Graph }>('SELECT graph FROM plans LIMIT 1');
  const graph: Graph = plan?.graph ?? { vertices: [], edges: [] };
  const attempts = await db.query<{ key: string; node_id: string | null; role: string; from: Date; to: Date }>(
    `SELECT n.key, n.node_id, n.role, a.started_at AS "from", a.ended_at AS "to"
     FROM attempts a JOIN node_roles n ON n.id = a.node_role_id`,
  );
  const spans = new Map<string, AttemptSpan>(
    attempts.map((one) => [one.key, { startedAtMs: one.from.getTime(), endedAtMs: one.to.getTime() }]),
  );
  const keyOf = new Map(attempts.map((one) => [`${one.node_id ?? ''} ${one.role}`, one.key]));
  const lasted = new Map(
    readSimLedger(simDirectory).map((entry) => [
      keyOf.get(`${entry.nodeId} ${entry.role}`) ?? '',
      entry.untilMs - entry.startedAtMs,
    ]),
  );
  const instances = graph.vertices.filter((vertex) => vertex.kind === 'node-role' && vertex.role === limited).length;
  const isMachine = (vertex: WorkVertex): boolean => vertex.stage === stageNames[0];
  const bound = lowerBound({
    graph,
    durationMs: (vertex) => (isMachine(vertex) && options.timed ? bootMs : (lasted.get(vertex.nodeRole) ?? 0)),
    segments: [[stageNames[0], stageNames[1]], [stageNames[2]], [stageNames[3]]],
    slots: options.slots,
    occupiesSlot: (vertex) => !isMachine(vertex),
    max: (role) => (role === limited ? limitOf('20%', instances) : null),
    lock: (role) => (role === lead ? 'election' : null),
  });
  const waits = dispatchMs(graph, spans);
  return {
    boundMs: Math.round(bound.boundMs),
    criticalPathMs: Math.round(bound.criticalPathMs),
    segments: bound.segments.map((segment) =>
      Object.fromEntries(
        Object.entries(segment).map(([name, value]) => [name, typeof value === 'number' ? Math.round(value) : value]),
      ),
    ),
    dispatch: { p50Ms: rounded(percentile(waits, 0.5)), p99Ms: rounded(percentile(waits, 0.99)) },
    statements: options.statements ? await readStatements(db) : [],
  };
}

/** What cost PostgreSQL most, milliseconds. */
const readStatements = (db: Database): Promise<readonly object[]> =>
  db.query<{ calls: number }>(
    `SELECT calls::int, round(total_exec_time::numeric)::int AS ms, round(total_plan_time::numeric)::int AS "planMs", rows::int,
       left(regexp_replace(query, '\\s+', ' ', 'g'), 140) AS query
     FROM pg_stat_statements ORDER BY total_exec_time + total_plan_time DESC LIMIT 25`,
  );
