import type { Json, JsonObject, ResolvedInputs } from '@formwork/core';
import type { Transaction } from '../transaction.ts';

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
  /** Made just now: nothing of it is anywhere yet. */
  readonly isNew: boolean;
}

/** An attempt to make, or to go on with. */
export interface AttemptRequest {
  readonly request: {
    readonly nodeRoleId: string;
    readonly worker: string;
    /** Of a new attempt. */
    readonly attemptId: string;
    readonly action: string;
    readonly phase: Resume['phase'];
    readonly prepared: { readonly inputs: ResolvedInputs; readonly untracked: Json; readonly inputHash: string } | null;
    readonly runsOnNodeId: string | null;
  };
  readonly runId: string | null;
  readonly isNew: boolean;
  readonly number: number;
}

interface AttemptColumns {
  readonly id: string;
  readonly node_role_id: string;
  readonly number: number;
  readonly action: string;
  readonly input_hash: string | null;
  readonly inputs: JsonObject | null;
  readonly resume: Resume;
  readonly started_at: Date;
}

const attemptColumns = 'a.id, a.node_role_id, a.number, a.action, a.input_hash, a.inputs, a.resume, a.started_at';

const parseAttempt = (row: AttemptColumns, isNew: boolean): StoredAttempt => ({
  id: row.id,
  number: row.number,
  action: row.action,
  inputHash: row.input_hash,
  inputs: row.inputs,
  resume: row.resume,
  startedAtMs: row.started_at.getTime(),
  isNew,
});

/** Makes the new attempts and puts the others back to `running`; by node-role. */
export async function takeAttempts(
  tx: Transaction,
  asked: readonly AttemptRequest[],
): Promise<ReadonlyMap<string, StoredAttempt>> {
  const [made, resumed] = await Promise.all([
    insertAttempts(
      tx,
      asked.filter((one) => one.isNew),
    ),
    resumeAttempts(
      tx,
      asked.filter((one) => !one.isNew),
    ),
  ]);
  return new Map([
    ...made.map((row) => [row.node_role_id, parseAttempt(row, true)] as const),
    ...resumed.map((row) => [row.node_role_id, parseAttempt(row, false)] as const),
  ]);
}

async function insertAttempts(tx: Transaction, asked: readonly AttemptRequest[]): Promise<readonly AttemptColumns[]> {
  if (asked.length === 0) return [];
  const made = asked.map(({ request, runId, number }) => {
    const { prepared } = request;
    const resume: Resume = { phase: request.phase, fromBootId: null, nodeId: request.runsOnNodeId };
    return {
      id: request.attemptId,
      node_role_id: request.nodeRoleId,
      run_id: runId,
      number,
      action: request.action,
      input_hash: prepared?.inputHash ?? null,
      inputs: prepared === null ? null : { tracked: { ...prepared.inputs }, untracked: prepared.untracked },
      resume,
      worker: request.worker,
    };
  });
  // What was just written is not sent back.
  const rows = await tx.query<{ id: string; started_at: Date }>(
    `INSERT INTO attempts AS a (id, node_role_id, run_id, number, action, state, input_hash, inputs, resume, worker)
     SELECT n.id, n.node_role_id, n.run_id, n.number, n.action, 'running', n.input_hash, n.inputs, n.resume, n.worker
     FROM jsonb_to_recordset($1::jsonb) AS n(id uuid, node_role_id uuid, run_id uuid, number int, action text,
       input_hash text, inputs jsonb, resume jsonb, worker text)
     RETURNING a.id, a.started_at`,
    [JSON.stringify(made)],
  );
  const startedAt = new Map(rows.map((row) => [row.id, row.started_at]));
  return made.flatMap((one) => {
    const started = startedAt.get(one.id);
    return started === undefined ? [] : [{ ...one, started_at: started }];
  });
}

async function resumeAttempts(tx: Transaction, asked: readonly AttemptRequest[]): Promise<readonly AttemptColumns[]> {
  if (asked.length === 0) return [];
  return tx.query<AttemptColumns>(
    `UPDATE attempts a SET state = 'running', worker = r.worker
     FROM jsonb_to_recordset($1::jsonb) AS r(node_role_id uuid, number int, worker text)
     WHERE a.node_role_id = r.node_role_id AND a.number = r.number
     RETURNING ${attemptColumns}`,
    [
      JSON.stringify(
        asked.map(({ request, number }) => ({ node_role_id: request.nodeRoleId, number, worker: request.worker })),
      ),
    ],
  );
}
