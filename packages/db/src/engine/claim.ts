import { type Applied, type Json, type JsonObject, type ResolvedInputs, workOf } from '@formwork/core';
import type { Transaction } from '../database.ts';
import { changeNodeRoles } from './change-node-roles.ts';
import { type FullColumns, fullNodeRoleColumns, type FullNodeRoleRow, parseFullNodeRole } from './node-role-row.ts';

/** Lease of a claim and how often it is renewed, milliseconds. By the database's clock alone. */
export const leaseMs = 15_000;
export const beatMs = 5_000;

/** How an attempt goes on after `not yet`, a reboot or another worker: on the node it is the same attempt all along. */
export interface Resume {
  readonly phase: 'apply' | 'verify' | 'remove' | 'evict';
  /** After a declared reboot: nothing runs before the node's boot id differs from this. */
  readonly fromBootId: string | null;
  /** For `runsOn` and evictions: the node it was started on. */
  readonly nodeId: string | null;
  /** Where what the node logs now begins in the attempt's log, bytes: after a reboot it starts anew. 0 when absent. */
  readonly logBase?: number;
}

export interface StoredAttempt {
  readonly id: string;
  readonly number: number;
  readonly action: string;
  readonly inputHash: string | null;
  readonly inputs: JsonObject | null;
  readonly resume: Resume;
  readonly startedAtMs: number;
}

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
      readonly isNew: boolean;
      /** Somebody asked for it to be killed before this claim. */
      readonly abort: boolean;
    }
  /** `stale`: the job speaks of a dispatch that is over. `moved`: the row changed since it was read; read again. */
  | { readonly ok: false; readonly why: 'stale' | 'moved' | 'taken' };

/**
 * Takes a node-role for a worker: a new attempt when it was queued, the same attempt again when it waited or when its
 * former worker's lease ran out. Each claim raises the fence, so an older claim can change nothing any more.
 */
export async function claimNodeRole(tx: Transaction, request: ClaimRequest): Promise<Claimed> {
  const [columns] = await tx.query<FullColumns>(
    `SELECT ${fullNodeRoleColumns} FROM node_roles n WHERE n.id = $1 FOR UPDATE`,
    [request.nodeRoleId],
  );
  if (columns === undefined) return { ok: false, why: 'stale' };
  const row = parseFullNodeRole(columns);
  if (row.dispatch !== request.dispatch || row.runId === null) return { ok: false, why: 'stale' };
  const work = workOf(row.state);
  if (work === null) return { ok: false, why: 'stale' };
  const [claim] = await tx.query<{ live: boolean }>(
    'SELECT lease_until > clock_timestamp() AS live FROM claims WHERE node_role_id = $1',
    [row.id],
  );
  const queued = work.phase === 'ready' && work.queued;
  const goesOn = work.phase === 'waiting' || work.phase === 'running';
  if (!queued && !goesOn) return { ok: false, why: 'stale' };
  if (goesOn && claim?.live === true) return { ok: false, why: 'taken' };
  if (queued && row.version !== request.version) return { ok: false, why: 'moved' };

  const number = queued ? row.attempt + 1 : row.attempt;
  // From here on nobody knows what stands on the machine, a removal that may be broken off included.
  const applied: Applied | null = queued && row.applied !== null ? { ...row.applied, clean: false } : null;
  const [result] = await changeNodeRoles(tx, [
    {
      nodeRoleId: row.id,
      event: { kind: 'claimed', attempt: number },
      set: {
        attempt: number,
        bumpFence: true,
        driveInMs: null,
        ...(queued ? { tries: row.tries + 1, everStarted: true as const } : {}),
        ...(applied === null ? {} : { applied }),
      },
      actor: `worker:${request.worker}`,
      data: { attempt: number, worker: request.worker, attached: goesOn },
    },
  ]);
  if (result?.ok !== true) return { ok: false, why: 'stale' };
  const attempt = queued
    ? await insertAttempt(tx, request, row, number)
    : await readAttempt(tx, row.id, number, request.worker);
  if (attempt === null) return { ok: false, why: 'stale' };
  const [lease] = await tx.query<{ abort: boolean }>(
    `INSERT INTO claims (node_role_id, attempt_id, worker, fence, lease_until)
     VALUES ($1, $2, $3, $4, clock_timestamp() + $5 * interval '1 millisecond')
     ON CONFLICT (node_role_id) DO UPDATE SET attempt_id = $2, worker = $3, fence = $4,
       lease_until = clock_timestamp() + $5 * interval '1 millisecond', abort = claims.abort AND NOT $6
     RETURNING abort`,
    [row.id, attempt.id, request.worker, result.row.fence, leaseMs, queued],
  );
  return {
    ok: true,
    row: { ...row, ...result.row, applied: applied ?? row.applied },
    fence: result.row.fence,
    attempt,
    isNew: queued,
    abort: lease?.abort ?? false,
  };
}

interface AttemptColumns {
  readonly id: string;
  readonly number: number;
  readonly action: string;
  readonly input_hash: string | null;
  readonly inputs: JsonObject | null;
  readonly resume: Resume;
  readonly started_at: Date;
}

const parseAttempt = (row: AttemptColumns): StoredAttempt => ({
  id: row.id,
  number: row.number,
  action: row.action,
  inputHash: row.input_hash,
  inputs: row.inputs,
  resume: row.resume,
  startedAtMs: row.started_at.getTime(),
});

async function insertAttempt(
  tx: Transaction,
  request: ClaimRequest,
  row: FullNodeRoleRow,
  number: number,
): Promise<StoredAttempt | null> {
  const resume: Resume = { phase: request.phase, fromBootId: null, nodeId: request.runsOnNodeId };
  const inputs =
    request.prepared === null ? null : { tracked: request.prepared.inputs, untracked: request.prepared.untracked };
  const [inserted] = await tx.query<AttemptColumns>(
    `INSERT INTO attempts (id, node_role_id, run_id, number, action, state, input_hash, inputs, resume, worker)
     VALUES ($1, $2, $3, $4, $5, 'running', $6, $7, $8, $9)
     RETURNING id, number, action, input_hash, inputs, resume, started_at`,
    [
      request.attemptId,
      row.id,
      row.runId,
      number,
      request.action,
      request.prepared?.inputHash ?? null,
      inputs === null ? null : JSON.stringify(inputs),
      JSON.stringify(resume),
      request.worker,
    ],
  );
  return inserted === undefined ? null : parseAttempt(inserted);
}

async function readAttempt(
  tx: Transaction,
  nodeRoleId: string,
  number: number,
  worker: string,
): Promise<StoredAttempt | null> {
  const [stored] = await tx.query<AttemptColumns>(
    `UPDATE attempts SET state = 'running', worker = $3 WHERE node_role_id = $1 AND number = $2
     RETURNING id, number, action, input_hash, inputs, resume, started_at`,
    [nodeRoleId, number, worker],
  );
  return stored === undefined ? null : parseAttempt(stored);
}

/** Renews the worker's leases in one statement; answers which are still its own, and which it should stop. */
export async function beat(
  tx: Transaction,
  worker: string,
  held: readonly { readonly nodeRoleId: string; readonly fence: number }[],
): Promise<{ readonly lost: readonly string[]; readonly abort: readonly string[] }> {
  if (held.length === 0) return { lost: [], abort: [] };
  const rows = await tx.query<{ node_role_id: string; abort: boolean }>(
    `UPDATE claims c SET lease_until = clock_timestamp() + $3 * interval '1 millisecond'
     FROM jsonb_to_recordset($2::jsonb) AS h(node_role_id uuid, fence int)
     WHERE c.node_role_id = h.node_role_id AND c.fence = h.fence AND c.worker = $1
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
