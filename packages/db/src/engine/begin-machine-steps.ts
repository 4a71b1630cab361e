import type { Transaction } from '../transaction.ts';
import type { NodeRoleRow } from './node-role-row.ts';
import { patchNodes } from './patch-nodes.ts';

/** What a worker is about to ask a provider for, under which claim. */
export interface CreateRequest {
  readonly nodeRoleId: string;
  readonly fence: number;
  readonly key: string;
  readonly nodeId: string;
  readonly incarnation: number;
  readonly candidate: number;
}

/**
 * Records the intents of creates, committed before the provider is asked: after a crash we know what to look for.
 * Answers in the order given whether the claim is still the last one; it is held until the transaction ends.
 */
export async function beginCreates(tx: Transaction, requests: readonly CreateRequest[]): Promise<readonly boolean[]> {
  const rows = await tx.query<{ node_role_id: string }>(
    `WITH r AS (
       SELECT * FROM jsonb_to_recordset($1::jsonb) AS r(node_role_id uuid, fence int, key text, node_id uuid, incarnation int, candidate int)
     ), ours AS (
       SELECT c.node_role_id FROM claims c JOIN r ON c.node_role_id = r.node_role_id AND c.fence = r.fence
       ORDER BY c.node_role_id FOR UPDATE OF c
     ), written AS (
       INSERT INTO create_intents (key, node_id, incarnation, candidate)
       SELECT r.key, r.node_id, r.incarnation, r.candidate FROM r JOIN ours USING (node_role_id) ON CONFLICT DO NOTHING
     )
     SELECT node_role_id FROM ours`,
    [
      JSON.stringify(
        requests.map((one) => ({
          node_role_id: one.nodeRoleId,
          fence: one.fence,
          key: one.key,
          node_id: one.nodeId,
          incarnation: one.incarnation,
          candidate: one.candidate,
        })),
      ),
    ],
  );
  const ours = new Set(rows.map((row) => row.node_role_id));
  return requests.map((request) => ours.has(request.nodeRoleId));
}

export interface DestroyRequest {
  readonly row: Pick<NodeRoleRow, 'id' | 'deploymentId' | 'runId'>;
  readonly fence: number;
  readonly nodeId: string;
  readonly actor: string;
}

/**
 * Machines begin to go, known before the provider is asked: one that may be half gone is never taken for one that stands.
 * Answers as `beginCreates` does.
 */
export async function beginDestroys(tx: Transaction, requests: readonly DestroyRequest[]): Promise<readonly boolean[]> {
  const claims = await tx.query<{ node_role_id: string; fence: number }>(
    'SELECT node_role_id, fence FROM claims WHERE node_role_id = ANY($1::uuid[]) ORDER BY node_role_id FOR UPDATE',
    [requests.map((request) => request.row.id)],
  );
  const fences = new Map(claims.map((claim) => [claim.node_role_id, claim.fence]));
  const ours = requests.map((request) => fences.get(request.row.id) === request.fence);
  await patchNodes(
    tx,
    requests
      .filter((_, index) => ours[index])
      .map(({ nodeId, row, actor }) => ({ nodeId, row, actor, patch: { state: 'destroying' } })),
  );
  return ours;
}
