import {
  FormworkError,
  holds,
  type Plan,
  type PlanAction,
  type Specification,
  type WorkVertex,
  workOf,
} from '@formwork/core';
import type { Transaction } from '../database.ts';
import { changeNodeRoles, type NodeRoleChange } from './change-node-roles.ts';
import {
  fullNodeRoleColumns,
  type FullColumns,
  type FullNodeRoleRow,
  parseFullNodeRole,
  type Pending,
} from './node-role-row.ts';

export interface Approval {
  readonly planId: string;
  readonly actor: string;
  readonly newId: () => string;
  /** Digest of a role of the plan's content, by role name. */
  readonly roleDigest: (role: string) => string;
  /** Site ids by name. */
  readonly siteIds: Readonly<Record<string, string>>;
  /** Made by the caller for a deployment that has none yet. */
  readonly sshKey: { readonly publicKey: string; readonly privateKeyReference: string } | null;
  /** Parameters of a task run, by full name. */
  readonly taskParams: Readonly<Record<string, unknown>> | null;
}

/** The stage that task runs put their one vertex into. */
export const taskStage = 'task';

interface PlanRow {
  readonly id: string;
  readonly deployment_id: string;
  readonly specification_version: number;
  readonly state: string;
  readonly purpose: 'apply' | 'destroy' | 'task';
  readonly document: Plan;
}

interface DeploymentRow {
  readonly id: string;
  readonly name: string;
  readonly state: string;
  readonly committed_version: number;
  readonly ssh_public_key: string | null;
}

/**
 * Approval commits the proposed specification, makes the rows of new nodes and node-roles, puts the planned ones to
 * work and supersedes a live run. All or nothing; refused with `plan-outdated` when anything the plan names has moved.
 */
export async function approvePlan(
  tx: Transaction,
  approval: Approval,
): Promise<{ readonly runId: string; readonly deploymentId: string }> {
  const [planRow] = await tx.query<PlanRow>(
    'SELECT id, deployment_id, specification_version, state, purpose, document FROM plans WHERE id = $1',
    [approval.planId],
  );
  if (planRow === undefined) throw new FormworkError('not-found', 'plan-not-found', 'there is no such plan');
  const [deployment] = await tx.query<DeploymentRow>(
    'SELECT id, name, state, committed_version, ssh_public_key FROM deployments WHERE id = $1 FOR UPDATE',
    [planRow.deployment_id],
  );
  if (deployment === undefined) throw new FormworkError('not-found', 'deployment-not-found', 'its deployment is gone');
  // Read again under the deployment's lock: two approvals at once must not both see it open.
  const [current] = await tx.query<{ state: string }>('SELECT state FROM plans WHERE id = $1 FOR UPDATE', [planRow.id]);
  if (current?.state !== 'open') {
    throw new FormworkError(
      'conflict',
      'plan-not-open',
      `this plan is ${current?.state ?? 'gone'}; make a new one with apply or plan`,
    );
  }
  const plan = planRow.document;
  const living = await readLiving(tx, deployment.id);
  await checkPrecondition(tx, plan, deployment, living);

  const runId = approval.newId();
  const superseded = await tx.query<{ id: string }>(
    `UPDATE runs SET state = 'superseded', ended_at = now() WHERE deployment_id = $1 AND state = 'running' RETURNING id`,
    [deployment.id],
  );
  await tx.query(`INSERT INTO runs (id, deployment_id, plan_id, purpose, params) VALUES ($1, $2, $3, $4, $5)`, [
    runId,
    deployment.id,
    planRow.id,
    plan.purpose,
    approval.taskParams === null ? null : JSON.stringify(approval.taskParams),
  ]);
  await tx.query(`UPDATE plans SET state = 'approved', approved_by = $2, approved_at = now() WHERE id = $1`, [
    planRow.id,
    approval.actor,
  ]);
  await tx.query(`UPDATE plans SET state = 'superseded' WHERE deployment_id = $1 AND state = 'open'`, [deployment.id]);
  await commitDeployment(tx, deployment, planRow, plan, approval);

  for (const run of superseded) {
    tx.emit({
      kind: 'run.superseded',
      actor: approval.actor,
      deploymentId: deployment.id,
      runId: run.id,
      data: { by: runId },
    });
  }
  tx.emit({
    kind: 'run.started',
    actor: approval.actor,
    deploymentId: deployment.id,
    runId,
    data: {
      plan: planRow.id,
      purpose: plan.purpose,
      actions: plan.actions.length,
      specificationVersion: planRow.specification_version,
    },
  });
  const nodeIds = await insertNodes(tx, plan, deployment, planRow, approval, runId);
  await bindNodeRoles(tx, { plan, deployment, living, nodeIds, approval, runId });
  return { runId, deploymentId: deployment.id };
}

const readLiving = async (tx: Transaction, deploymentId: string): Promise<readonly FullNodeRoleRow[]> =>
  (
    await tx.query<FullColumns>(
      `SELECT ${fullNodeRoleColumns} FROM node_roles n WHERE n.deployment_id = $1 AND n.state <> 'removed' ORDER BY n.id FOR UPDATE`,
      [deploymentId],
    )
  ).map(parseFullNodeRole);

/** What the plan saw must still be so: else it speaks of a deployment that is no more. */
async function checkPrecondition(
  tx: Transaction,
  plan: Plan,
  deployment: DeploymentRow,
  living: readonly FullNodeRoleRow[],
): Promise<void> {
  const { precondition } = plan;
  const outdated = (what: string): FormworkError =>
    new FormworkError(
      'conflict',
      'plan-outdated',
      `${what} changed since this plan was made; plan again and approve the new plan`,
    );
  if (deployment.committed_version !== precondition.committedVersion) throw outdated('the approved specification');
  const [live] = await tx.query(`SELECT id FROM runs WHERE deployment_id = $1 AND state = 'running'`, [deployment.id]);
  const moving = live !== undefined;
  const versions = new Map(living.map((row) => [row.key, planVersion(row.version, moving)]));
  for (const [key, version] of Object.entries(precondition.nodeRoles)) {
    if (versions.get(key) !== version) throw outdated(`node-role ${key}`);
  }
  const nodes = await tx.query<{ name: string; version: number }>(
    `SELECT name, version FROM nodes WHERE deployment_id = $1 AND state <> 'destroyed' ORDER BY id FOR UPDATE`,
    [deployment.id],
  );
  const nodeVersions = new Map(nodes.map((node) => [node.name, planVersion(node.version, moving)]));
  for (const [name, version] of Object.entries(precondition.nodes)) {
    if (nodeVersions.get(name) !== version) throw outdated(`node ${name}`);
  }
}

/**
 * The version a plan pins. While a run is live its rows move by themselves, and what has come to pass is judged anew
 * against the new graph, so only that a run is live is pinned.
 */
export const planVersion = (version: number, runIsLive: boolean): number => (runIsLive ? 0 : version);

async function commitDeployment(
  tx: Transaction,
  deployment: DeploymentRow,
  planRow: PlanRow,
  plan: Plan,
  approval: Approval,
): Promise<void> {
  await tx.query(
    `UPDATE deployments SET
       committed_version = CASE WHEN $2 = 'apply' THEN $3 ELSE committed_version END,
       state = CASE WHEN $2 = 'destroy' THEN 'destroying' WHEN $2 = 'apply' THEN 'running' ELSE state END,
       founders = founders || $4::jsonb, once = once || $5::jsonb,
       ssh_public_key = COALESCE(ssh_public_key, $6), ssh_private_key = COALESCE(ssh_private_key, $7),
       priority = CASE WHEN $2 = 'apply' THEN COALESCE((SELECT (document->>'priority')::int FROM specification_versions
                    WHERE deployment_id = $1 AND version = $3), 0) ELSE priority END,
       expires_at = CASE WHEN $2 = 'apply' THEN (SELECT now() + (document->>'ttlMs')::float8 * interval '1 millisecond'
                      FROM specification_versions WHERE deployment_id = $1 AND version = $3) ELSE expires_at END,
       leaks = NULL, version = version + 1, updated_at = now()
     WHERE id = $1`,
    [
      deployment.id,
      plan.purpose,
      planRow.specification_version,
      JSON.stringify(plan.founders),
      JSON.stringify(plan.once),
      approval.sshKey?.publicKey ?? null,
      approval.sshKey?.privateKeyReference ?? null,
    ],
  );
}

/** Rows of the machines to be made; ids by name of these and of the living ones. */
async function insertNodes(
  tx: Transaction,
  plan: Plan,
  deployment: DeploymentRow,
  planRow: PlanRow,
  approval: Approval,
  runId: string,
): Promise<ReadonlyMap<string, { readonly id: string; readonly siteId: string }>> {
  const existing = await tx.query<{ id: string; name: string; site_id: string }>(
    `SELECT id, name, site_id FROM nodes WHERE deployment_id = $1 AND state <> 'destroyed'`,
    [deployment.id],
  );
  const ids = new Map(existing.map((node) => [node.name, { id: node.id, siteId: node.site_id }]));
  const created = plan.actions.filter(
    (action) => action.action === 'create-node' && action.node !== null && !ids.has(action.node),
  );
  if (created.length === 0) return ids;
  const [specification] = await tx.query<{ document: Specification }>(
    'SELECT document FROM specification_versions WHERE deployment_id = $1 AND version = $2',
    [deployment.id, planRow.specification_version],
  );
  const groups = new Map((specification?.document.groups ?? []).map((group) => [group.name, group]));
  const prefix = `${deployment.name}-`;
  const rows = created.flatMap((action) => {
    const name = action.node ?? '';
    const [, groupName = '', ordinal = '0'] = /^(.*)-(\d+)$/.exec(name.slice(prefix.length)) ?? [];
    const group = groups.get(groupName);
    const siteId = group === undefined ? undefined : approval.siteIds[group.site];
    if (group === undefined || siteId === undefined) {
      throw new FormworkError('conflict', 'plan-outdated', `the site or group of node ${name} is gone; plan again`);
    }
    const id = approval.newId();
    ids.set(name, { id, siteId });
    tx.emit({
      kind: 'node.planned',
      actor: approval.actor,
      deploymentId: deployment.id,
      runId,
      nodeId: id,
      data: { name, state: 'planned' },
    });
    return [
      {
        id,
        deployment_id: deployment.id,
        site_id: siteId,
        name,
        group_name: groupName,
        ordinal: Number(ordinal),
        image: group.image,
        size: group.size,
        capabilities: group.capabilities,
        labels: { ...group.labels, ...group.nodes[name]?.labels },
      },
    ];
  });
  await tx.query(
    `INSERT INTO nodes (id, deployment_id, site_id, name, group_name, ordinal, image, size, capabilities, labels)
     SELECT r.id, r.deployment_id, r.site_id, r.name, r.group_name, r.ordinal, r.image, r.size, r.capabilities, r.labels
     FROM jsonb_to_recordset($1::jsonb) AS r(id uuid, deployment_id uuid, site_id uuid, name text, group_name text,
       ordinal int, image text, size jsonb, capabilities jsonb, labels jsonb)`,
    [JSON.stringify(rows)],
  );
  return ids;
}

interface Binding {
  readonly plan: Plan;
  readonly deployment: DeploymentRow;
  readonly living: readonly FullNodeRoleRow[];
  readonly nodeIds: ReadonlyMap<string, { readonly id: string; readonly siteId: string }>;
  readonly approval: Approval;
  readonly runId: string;
}

const pendingOf = (action: PlanAction, purpose: Pending['purpose'], task: boolean): Pending => ({
  action: action.action,
  purpose,
  reason: action.reason,
  certainty: action.certainty,
  disruption: action.disruption,
  forced: task,
  carriedAttempt: null,
});

async function bindNodeRoles(tx: Transaction, binding: Binding): Promise<void> {
  const { plan, living, approval, runId } = binding;
  const byKey = new Map(living.map((row) => [row.key, row]));
  const actions = new Map(plan.actions.map((action) => [actionKey(action), action]));
  const changes: NodeRoleChange[] = [];
  const inserts: (readonly [WorkVertex, Pending | null])[] = [];
  const touched = new Set<string>();

  for (const vertex of plan.graph.vertices) {
    if (vertex.kind === 'gate') continue;
    const row = byKey.get(vertex.nodeRole);
    const action = actions.get(`${vertex.purpose === 'apply' ? 'apply' : 'leave'} ${vertex.nodeRole}`);
    const pending = action === undefined ? null : pendingOf(action, vertex.purpose, plan.purpose === 'task');
    if (row === undefined) {
      if (vertex.purpose === 'apply') inserts.push([vertex, pending]);
      continue;
    }
    touched.add(row.key);
    if (pending === null) {
      // A vertex of the graph without work: it only leaves the former run.
      if (row.runId !== null && row.runId !== runId)
        changes.push({ nodeRoleId: row.id, event: null, set: { runId: null, pending: null }, actor: approval.actor });
      continue;
    }
    const resting = !isHolding(row);
    if (!resting && vertex.purpose !== 'apply') {
      changes.push(await stopForRemoval(tx, row, { runId, pending, actor: approval.actor }));
      continue;
    }
    const event =
      vertex.purpose === 'apply' || row.state.state === 'removing'
        ? ({ kind: 'planned' } as const)
        : ({ kind: 'leaving' } as const);
    changes.push({
      nodeRoleId: row.id,
      event: resting ? event : null,
      set: {
        runId,
        pending: resting ? pending : { ...pending, carriedAttempt: row.attempt },
        tries: 0,
        stage: plan.purpose === 'task' ? taskStage : vertex.stage,
        // What is removed runs the scripts it was applied with.
        ...(vertex.purpose === 'apply' && resting ? { roleDigest: approval.roleDigest(vertex.role) } : {}),
      },
      actor: approval.actor,
    });
  }
  await dropUnbound(tx, binding, changes, touched);
  await changeNodeRoles(tx, changes);
  await insertNodeRoles(tx, binding, inserts);
  // A lock is kept for a retry; what is planned anew takes its turn anew.
  await tx.query(
    `DELETE FROM lock_holds WHERE node_role_id IN (SELECT id FROM node_roles WHERE deployment_id = $1 AND NOT holds)`,
    [binding.deployment.id],
  );
}

/**
 * Takes a node-role out of the work it is in, so that its removal can begin. What runs on a node is aborted there and
 * rests once it is proved gone; what is only queued or waiting rests at once.
 */
async function stopForRemoval(
  tx: Transaction,
  row: FullNodeRoleRow,
  next: { readonly runId: string; readonly pending: Pending | null; readonly actor: string },
): Promise<NodeRoleChange> {
  const set = { runId: next.runId, pending: next.pending, tries: 0 };
  if (workOf(row.state)?.phase === 'running') {
    await tx.query('UPDATE claims SET abort = true WHERE node_role_id = $1', [row.id]);
    return { nodeRoleId: row.id, event: null, set, actor: next.actor };
  }
  await tx.query(
    `UPDATE attempts SET state = 'aborted', ended_at = clock_timestamp() WHERE node_role_id = $1 AND state = 'waiting'`,
    [row.id],
  );
  return { nodeRoleId: row.id, event: { kind: 'withdrawn' }, set, actor: next.actor };
}

const isHolding = (row: FullNodeRoleRow): boolean => holds(row.state);

const actionKey = (action: PlanAction): string =>
  `${action.action === 'remove' || action.action === 'evict' || action.action === 'destroy-node' ? 'leave' : 'apply'} ${action.nodeRole}`;

/**
 * Node-roles that the new graph does not know: of the deployment itself, or of a node that stays. Those of a node that
 * goes are dropped when it is gone.
 */
async function dropUnbound(
  tx: Transaction,
  binding: Binding,
  changes: NodeRoleChange[],
  touched: ReadonlySet<string>,
): Promise<void> {
  const { plan, living, approval, runId } = binding;
  if (plan.purpose === 'task') return;
  // Nodes whose machine goes: what was on them is dropped with it.
  const leaving = new Set(
    plan.actions.flatMap((action) => (action.action === 'destroy-node' && action.node !== null ? [action.node] : [])),
  );
  for (const row of living) {
    // Tasks keep their history and are never stale.
    if (touched.has(row.key) || (row.stage === taskStage && plan.purpose !== 'destroy')) continue;
    const node = row.nodeId === null ? null : row.key.slice(row.as.length + 1);
    const goesWithNode = node !== null && leaving.has(node);
    if (isHolding(row)) {
      // Nobody wants it any more: the scheduler drops it when it rests.
      changes.push(await stopForRemoval(tx, row, { runId, pending: null, actor: approval.actor }));
    } else if (goesWithNode || plan.purpose === 'destroy') {
      changes.push({ nodeRoleId: row.id, event: null, set: { runId: null, pending: null }, actor: approval.actor });
    } else {
      changes.push({
        nodeRoleId: row.id,
        event: { kind: 'dropped' },
        set: { runId: null, pending: null },
        actor: approval.actor,
      });
    }
  }
}

async function insertNodeRoles(
  tx: Transaction,
  binding: Binding,
  inserts: readonly (readonly [WorkVertex, Pending | null])[],
): Promise<void> {
  if (inserts.length === 0) return;
  const { plan, deployment, nodeIds, approval, runId } = binding;
  const rows = inserts.map(([vertex, pending]) => {
    const node = vertex.node === null ? null : nodeIds.get(vertex.node);
    if (node === undefined)
      throw new FormworkError('conflict', 'plan-outdated', `node ${vertex.node ?? ''} is gone; plan again`);
    const id = approval.newId();
    tx.emit({
      kind: 'node-role.planned',
      actor: approval.actor,
      deploymentId: deployment.id,
      runId,
      nodeId: node?.id ?? null,
      nodeRoleId: id,
      data: { key: vertex.nodeRole, from: 'proposed', state: 'blocked' },
    });
    return {
      id,
      deployment_id: deployment.id,
      node_id: node?.id ?? null,
      site_id: node?.siteId ?? null,
      key: vertex.nodeRole,
      role: vertex.role,
      as: vertex.as,
      group_name: vertex.group,
      stage: plan.purpose === 'task' ? taskStage : vertex.stage,
      lane: vertex.lane,
      role_digest: approval.roleDigest(vertex.role),
      founder: vertex.founder,
      run_id: runId,
      pending,
    };
  });
  await tx.query(
    `INSERT INTO node_roles (id, deployment_id, node_id, site_id, key, role, "as", group_name, stage, lane, role_digest, state,
       state_data, founder, run_id, pending)
     SELECT r.id, r.deployment_id, r.node_id, r.site_id, r.key, r.role, r."as", r.group_name, r.stage, r.lane, r.role_digest,
       'blocked', '{"state":"blocked"}'::jsonb, r.founder, r.run_id, r.pending
     FROM jsonb_to_recordset($1::jsonb) AS r(id uuid, deployment_id uuid, node_id uuid, site_id uuid, key text, role text,
       "as" text, group_name text, stage text, lane text, role_digest text, founder boolean, run_id uuid, pending jsonb)`,
    [JSON.stringify(rows)],
  );
}
