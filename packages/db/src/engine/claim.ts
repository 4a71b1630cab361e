import { type Applied, type Json, type ResolvedInputs, workOf } from '@formwork/core';
import type { Transaction } from '../transaction.ts';
import { type Resume, type StoredAttempt, takeAttempts } from './attempts.ts';
import { changeLockedNodeRoles } from './change-node-roles.ts';
import { type FullColumns, fullNodeRoleColumns, type FullNodeRoleRow, parseFullNodeRole } from './node-role-row.ts';

/** Lease of a claim and how often it is renewed, milliseconds. By the database's clock alone. */
export const leaseMs = 15_000;
export const beatMs = 5_000;

export interface ClaimRequest {
  readonly nodeRoleId: string;
  readonly dispatch: number;
  readonly worker: string;
  /** For a new attempt, should it come to one. */
  readonly attemptId: string;
  readonly action: string;
  readonly phase: Resume['phase'];
  /** What a new attempt starts with; the row must still be of this version. */
  readonly version: number;
  readonly prepared: { readonly inputs: ResolvedInputs; readonly untracked: Json; readonly inputHash: string } | null;
  readonly runsOnNodeId: string | null;
}

export type Claimed =
  | {
      readonly ok: true;
      readonly row: FullNodeRoleRow;
      readonly fence: number;
      readonly attempt: StoredAttempt;
      /** Somebody asked for it to be killed before this claim. */
      readonly abort: boolean;
    }
  /** `stale`: the job speaks of a dispatch that is over. `moved`: the row changed since it was read; read again. */
  | { readonly ok: false; readonly why: 'stale' | 'moved' | 'taken' };

/** A claim that may go on, with the row as it was read under lock. */
interface Granted {
  readonly request: ClaimRequest;
  readonly row: FullNodeRoleRow;
  /** A new attempt, not one that goes on. */
  readonly isNew: boolean;
  readonly number: number;
  readonly applied: Applied | null;
}

/**
 * Takes node-roles for a worker: a new attempt of what was queued, the same attempt again of what waited or whose former
 * worker's lease ran out. Each claim raises the fence, so an older claim can change nothing any more. However many there
 * are, each table is written once. Answers in the order of the requests.
 */
export async function claimNodeRoles(tx: Transaction, requests: readonly ClaimRequest[]): Promise<readonly Claimed[]> {
  const columns = await tx.query<FullColumns>(
    `SELECT ${fullNodeRoleColumns} FROM node_roles n WHERE n.id = ANY($1::uuid[]) ORDER BY n.id FOR UPDATE`,
    [requests.map((request) => request.nodeRoleId)],
  );
  const rows = new Map(columns.map((one) => [one.id, parseFullNodeRole(one)]));
  const live = await readLive(tx, [...rows.values()].filter(goesOn));
  const refused = new Map<ClaimRequest, Claimed>();
  const granted: Granted[] = [];
  for (const request of requests) {
    const row = rows.get(request.nodeRoleId);
    const taken = granted.some((one) => one.request.nodeRoleId === request.nodeRoleId);
    const verdict =
      row === undefined || taken ? ({ ok: false, why: 'stale' } as const) : judgeClaim(request, row, live.has(row.id));
    if ('ok' in verdict) refused.set(request, verdict);
    else granted.push(verdict);
  }
  const claimed = await writeClaims(tx, granted, rows);
  return requests.map((request) => refused.get(request) ?? claimed.get(request) ?? { ok: false, why: 'stale' });
}

function goesOn(row: FullNodeRoleRow): boolean {
  const phase = workOf(row.state)?.phase;
  return phase === 'waiting' || phase === 'running';
}

/** Whose lease still runs. A statement after the rows are ours: it sees what was committed while we waited for them. */
async function readLive(tx: Transaction, rows: readonly FullNodeRoleRow[]): Promise<ReadonlySet<string>> {
  if (rows.length === 0) return new Set();
  const live = await tx.query<{ id: string }>(
    'SELECT node_role_id AS id FROM claims WHERE node_role_id = ANY($1::uuid[]) AND lease_until > clock_timestamp()',
    [rows.map((row) => row.id)],
  );
  return new Set(live.map((one) => one.id));
}

function judgeClaim(
  request: ClaimRequest,
  row: FullNodeRoleRow,
  live: boolean,
): Granted | { readonly ok: false; readonly why: 'stale' | 'moved' | 'taken' } {
  const work = workOf(row.state);
  if (row.dispatch !== request.dispatch || row.runId === null || work === null) return { ok: false, why: 'stale' };
  const queued = work.phase === 'ready' && work.queued;
  if (!queued && !goesOn(row)) return { ok: false, why: 'stale' };
  if (live) return { ok: false, why: 'taken' };
  if (queued && row.version !== request.version) return { ok: false, why: 'moved' };
  return {
    request,
    row,
    isNew: queued,
    number: queued ? row.attempt + 1 : row.attempt,
    // From here on nobody knows what stands on the machine, a removal that may be broken off included.
    applied: queued && row.applied !== null ? { ...row.applied, clean: false } : null,
  };
}

async function writeClaims(
  tx: Transaction,
  granted: readonly Granted[],
  rows: ReadonlyMap<string, FullNodeRoleRow>,
): Promise<ReadonlyMap<ClaimRequest, Claimed>> {
  if (granted.length === 0) return new Map();
  const results = changeLockedNodeRoles(
    tx,
    granted.map(({ request, row, isNew, number, applied }) => ({
      nodeRoleId: row.id,
      event: { kind: 'claimed', attempt: number },
      set: {
        attempt: number,
        bumpFence: true,
        driveInMs: null,
        ...(isNew ? { tries: row.tries + 1, everStarted: true as const } : {}),
        ...(applied === null ? {} : { applied }),
      },
      actor: `worker:${request.worker}`,
      data: { attempt: number, worker: request.worker, attached: !isNew },
    })),
    rows,
  );
  const taken = granted.flatMap((one, index) => {
    const result = results[index];
    return result?.ok === true ? [{ ...one, after: result.row }] : [];
  });
  const [attempts, leases] = await Promise.all([
    takeAttempts(
      tx,
      taken.map(({ request, row, isNew, number }) => ({ request, runId: row.runId, isNew, number })),
    ),
    writeLeases(
      tx,
      taken.map(({ request, after, number }) => ({
        nodeRoleId: after.id,
        number,
        worker: request.worker,
        fence: after.fence,
      })),
    ),
  ]);
  return new Map(
    taken.flatMap(({ request, row, after, applied }) => {
      const attempt = attempts.get(request.nodeRoleId);
      if (attempt === undefined) return [];
      const abort = leases.get(row.id) ?? false;
      const current = { ...row, ...after, applied: applied ?? row.applied };
      return [[request, { ok: true, row: current, fence: after.fence, attempt, abort }] as const];
    }),
  );
}

/** Over attempts that were written before; answers by node-role whether somebody asked for it to be killed before this claim. */
async function writeLeases(
  tx: Transaction,
  leases: readonly {
    readonly nodeRoleId: string;
    readonly number: number;
    readonly worker: string;
    readonly fence: number;
  }[],
): Promise<ReadonlyMap<string, boolean>> {
  // A new attempt forgets what was asked of the one before.
  const rows = await tx.query<{ node_role_id: string; abort: boolean }>(
    `INSERT INTO claims AS c (node_role_id, attempt_id, worker, fence, lease_until)
     SELECT a.node_role_id, a.id, l.worker, l.fence, clock_timestamp() + $2 * interval '1 millisecond'
     FROM jsonb_to_recordset($1::jsonb) AS l(node_role_id uuid, number int, worker text, fence int)
     JOIN attempts a ON a.node_role_id = l.node_role_id AND a.number = l.number
     ORDER BY a.node_role_id
     ON CONFLICT (node_role_id) DO UPDATE SET attempt_id = EXCLUDED.attempt_id, worker = EXCLUDED.worker,
       fence = EXCLUDED.fence, lease_until = EXCLUDED.lease_until,
       abort = c.abort AND c.attempt_id = EXCLUDED.attempt_id
     RETURNING c.node_role_id, c.abort`,
    [
      JSON.stringify(
        leases.map((one) => ({
          node_role_id: one.nodeRoleId,
          number: one.number,
          worker: one.worker,
          fence: one.fence,
        })),
      ),
      leaseMs,
    ],
  );
  return new Map(rows.map((row) => [row.node_role_id, row.abort]));
}

/** Renews the worker's leases in one statement; answers which are still its own, and which it should stop. */
export async function beat(
  tx: Transaction,
  worker: string,
  held: readonly { readonly nodeRoleId: string; readonly fence: number }[],
): Promise<{ readonly lost: readonly string[]; readonly abort: readonly string[] }> {
  if (held.length === 0) return { lost: [], abort: [] };
  const rows = await tx.query<{ node_role_id: string; abort: boolean }>(
    // Not by the index on workers: one of them may hold thousands, and each is found by its key.
    `UPDATE claims c SET lease_until = clock_timestamp() + $3 * interval '1 millisecond'
     FROM jsonb_to_recordset($2::jsonb) AS h(node_role_id uuid, fence int)
     WHERE c.node_role_id = h.node_role_id AND c.fence = h.fence AND (c.worker = $1) IS TRUE
     RETURNING c.node_role_id, c.abort`,
    [worker, JSON.stringify(held.map((one) => ({ node_role_id: one.nodeRoleId, fence: one.fence }))), leaseMs],
  );
  const kept = new Set(rows.map((row) => row.node_role_id));
  return {
    lost: held.filter((one) => !kept.has(one.nodeRoleId)).map((one) => one.nodeRoleId),
    abort: rows.filter((row) => row.abort).map((row) => row.node_role_id),
  };
}

/** A worker that stops hands its claims over: the next one need not wait for the lease to run out. */
export async function handOver(tx: Transaction, worker: string): Promise<number> {
  const rows = await tx.query<{ node_role_id: string }>(
    'UPDATE claims SET lease_until = clock_timestamp() WHERE worker = $1 RETURNING node_role_id',
    [worker],
  );
  return rows.length;
}
