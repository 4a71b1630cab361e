import type { Transaction } from '../transaction.ts';
import { dropNodeRoles } from './drop-node-roles.ts';
import type { NodeRoleRow } from './node-role-row.ts';

/** What becomes of the machine itself with a stage-one result. */
export interface NodePatch {
  readonly state?: 'creating' | 'ready' | 'unreachable' | 'destroying' | 'destroyed' | 'failed';
  readonly host?: string;
  readonly port?: number;
  readonly sshUser?: string;
  readonly hostKey?: string;
  readonly hostKeyTrust?: string;
  readonly providerId?: string;
  readonly facts?: unknown;
  readonly message?: string | null;
  readonly candidate?: number;
  readonly lost?: boolean;
}

/** What a step learned of a machine; `row` is the step's own, null for a look. */
export interface NodeChange {
  readonly nodeId: string;
  readonly patch: NodePatch;
  readonly row: Pick<NodeRoleRow, 'deploymentId' | 'runId'> | null;
  readonly actor: string;
}

/**
 * Writes what steps learned of their machines, several of one machine in the order given; a machine that is gone takes the
 * rest of its node-roles with it.
 */
export async function patchNodes(tx: Transaction, changes: readonly NodeChange[]): Promise<void> {
  const now = new Map<string, NodeChange>();
  const later: NodeChange[] = [];
  for (const change of changes) {
    if (now.has(change.nodeId)) later.push(change);
    else now.set(change.nodeId, change);
  }
  if (now.size === 0) return;
  await patchEachOnce(tx, now);
  await patchNodes(tx, later);
}

async function patchEachOnce(tx: Transaction, changes: ReadonlyMap<string, NodeChange>): Promise<void> {
  const locked = tx.query<{ id: string; name: string; state: string; deployment_id: string | null }>(
    'SELECT id, name, state, deployment_id FROM nodes WHERE id = ANY($1::uuid[]) ORDER BY id FOR UPDATE',
    [[...changes.keys()]],
  );
  tx.write(
    `UPDATE nodes n SET state = COALESCE(p.state, n.state), host = COALESCE(p.host, n.host), port = COALESCE(p.port, n.port),
       ssh_user = COALESCE(p.ssh_user, n.ssh_user), host_key = COALESCE(p.host_key, n.host_key),
       host_key_trust = COALESCE(p.host_key_trust, n.host_key_trust), provider_id = COALESCE(p.provider_id, n.provider_id),
       facts = COALESCE(p.facts, n.facts), message = CASE WHEN p.says THEN p.message ELSE n.message END,
       candidate = COALESCE(p.candidate, n.candidate), lost = COALESCE(p.lost, n.lost), updated_at = clock_timestamp(),
       version = n.version + CASE WHEN (p.state IS NOT NULL AND p.state <> n.state) OR p.lost IS NOT NULL THEN 1 ELSE 0 END
     FROM jsonb_to_recordset($1::jsonb) AS p(id uuid, state text, host text, port int, ssh_user text, host_key text,
       host_key_trust text, provider_id text, facts jsonb, says boolean, message text, candidate int, lost boolean)
     WHERE n.id = p.id`,
    [JSON.stringify([...changes.values()].map(({ nodeId, patch }) => columnsOf(nodeId, patch)))],
  );
  const before = await locked;
  for (const { id, name, state, deployment_id } of before) {
    const change = changes.get(id);
    const next = change?.patch.state;
    if (change === undefined || next === undefined || next === state) continue;
    const { patch, row, actor } = change;
    tx.emit({
      kind: `node.${next}`,
      actor,
      deploymentId: row?.deploymentId ?? deployment_id,
      runId: row?.runId ?? null,
      nodeId: id,
      data: { name, from: state, state: next, ...(patch.message == null ? {} : { message: patch.message }) },
    });
  }
  for (const { id } of before) {
    const change = changes.get(id);
    if (change?.patch.state === 'destroyed') await dropNodeRolesOf(tx, id, change.actor);
  }
}

const columnsOf = (id: string, patch: NodePatch): object => ({
  id,
  state: patch.state,
  host: patch.host,
  port: patch.port,
  ssh_user: patch.sshUser,
  host_key: patch.hostKey,
  host_key_trust: patch.hostKeyTrust,
  provider_id: patch.providerId,
  facts: patch.facts,
  says: patch.message !== undefined,
  message: patch.message,
  candidate: patch.candidate,
  lost: patch.lost,
});

/**
 * Writes what a look at a machine saw, unless it has begun to go meanwhile: a look takes its time, and a late one must
 * not bring back what is being destroyed.
 */
export async function recordLook(
  tx: Transaction,
  nodeId: string,
  seen: NodePatch & { readonly state: 'ready' | 'unreachable' },
  actor: string,
): Promise<void> {
  const watched = await tx.query(
    `SELECT id FROM nodes WHERE id = $1 AND state IN ('ready', 'unreachable') FOR UPDATE`,
    [nodeId],
  );
  if (watched.length > 0) await patchNodes(tx, [{ nodeId, patch: seen, row: null, actor }]);
}

/** A `once` role's outputs belong to the deployment: its node-role outlives the node and is dropped with the deployment. */
async function dropNodeRolesOf(tx: Transaction, nodeId: string, actor: string): Promise<void> {
  const rows = await tx.query<{ id: string }>(
    `SELECT n.id FROM node_roles n JOIN deployments d ON d.id = n.deployment_id
     WHERE n.node_id = $1 AND n.state <> 'removed' AND NOT n.holds AND NOT (d.once ? n."as" AND n.applied IS NOT NULL AND d.state <> 'destroying')
     ORDER BY n.id`,
    [nodeId],
  );
  await dropNodeRoles(
    tx,
    rows.map((row) => row.id),
    actor,
  );
}
