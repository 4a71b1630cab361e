import { createHash } from 'node:crypto';
import { FormworkError, type Graph, type Plan, type Specification } from '@formwork/core';
import type { Database } from '../database.ts';
import type { Transaction } from '../transaction.ts';
import type { SpecificationRow } from './snapshot.ts';

export interface StoredPlan {
  readonly id: string;
  readonly deploymentId: string;
  readonly specificationVersion: number;
  readonly purpose: 'apply' | 'destroy' | 'task';
  readonly state: 'open' | 'approved' | 'superseded';
  readonly document: Plan;
  readonly createdBy: string;
  readonly approvedBy: string | null;
  readonly createdAt: Date;
}

const planColumns = `id, deployment_id AS "deploymentId", specification_version AS "specificationVersion", purpose, state, document, graph,
  created_by AS "createdBy", approved_by AS "approvedBy", created_at AS "createdAt"`;

type Reader = Pick<Database, 'query'>;

interface PlanColumns extends Omit<StoredPlan, 'document'> {
  readonly document: Omit<Plan, 'graph'>;
  readonly graph: Graph;
}

const whole = ({ graph, document, ...rest }: PlanColumns): StoredPlan => ({
  ...rest,
  document: { ...document, graph },
});

export async function readOpenPlan(db: Reader, deploymentId: string): Promise<StoredPlan | null> {
  const [row] = await db.query<PlanColumns>(
    `SELECT ${planColumns} FROM plans WHERE deployment_id = $1 AND state = 'open' ORDER BY created_at DESC LIMIT 1`,
    [deploymentId],
  );
  return row === undefined ? null : whole(row);
}

export async function readPlan(db: Reader, id: string): Promise<StoredPlan | null> {
  const [row] = await db.query<PlanColumns>(`SELECT ${planColumns} FROM plans WHERE id = $1`, [id]);
  return row === undefined ? null : whole(row);
}

/** What was proposed last, approved or not. */
export async function readLatestSpecification(db: Reader, deploymentId: string): Promise<SpecificationRow | null> {
  const [row] = await db.query<SpecificationRow>(
    `SELECT version, document, packs, digest FROM specification_versions WHERE deployment_id = $1 ORDER BY version DESC LIMIT 1`,
    [deploymentId],
  );
  return row ?? null;
}

export interface StoredProposal {
  readonly deploymentId: string;
  readonly planId: string;
  readonly name: string;
  /** What the planner saw; another proposal in between is a conflict. */
  readonly expectedProposedVersion: number;
  /** Null keeps the latest one. */
  readonly specification: { readonly document: Specification; readonly packs: Readonly<Record<string, string>> } | null;
  /** Given with `specification: null` where it is not the latest. */
  readonly specificationVersion?: number;
  readonly plan: Plan;
  readonly actor: string;
}

/** Stores a proposal: the deployment if it is new, the specification if it differs, and the plan. Older open plans are superseded. */
export async function storeProposal(tx: Transaction, proposal: StoredProposal): Promise<number> {
  const { deploymentId, actor } = proposal;
  if (proposal.expectedProposedVersion === 0) {
    const inserted = await tx.query<{ id: string }>(
      `INSERT INTO deployments (id, name) VALUES ($1, $2) ON CONFLICT DO NOTHING RETURNING id`,
      [deploymentId, proposal.name],
    );
    if (inserted.length > 0) {
      tx.emit({ kind: 'deployment.proposed', actor, deploymentId, data: { name: proposal.name, state: 'new' } });
    }
  }
  const [deployment] = await tx.query<{ proposed_version: number; state: string }>(
    'SELECT proposed_version, state FROM deployments WHERE id = $1 FOR UPDATE',
    [deploymentId],
  );
  if (deployment?.proposed_version !== proposal.expectedProposedVersion) {
    throw new FormworkError(
      'conflict',
      'proposed-meanwhile',
      `somebody else proposed a change of ${proposal.name} at the same time; look at it and try again`,
    );
  }
  let version = proposal.specificationVersion ?? deployment.proposed_version;
  if (proposal.specification !== null) {
    version = deployment.proposed_version + 1;
    const document = JSON.stringify(proposal.specification.document);
    await tx.query(
      `INSERT INTO specification_versions (deployment_id, version, document, packs, digest, created_by) VALUES ($1, $2, $3, $4, $5, $6)`,
      [
        deploymentId,
        version,
        document,
        JSON.stringify(proposal.specification.packs),
        createHash('sha256').update(document).digest('hex'),
        actor,
      ],
    );
    await tx.query(
      `UPDATE deployments SET proposed_version = $2, version = version + 1, updated_at = now() WHERE id = $1`,
      [deploymentId, version],
    );
  }
  await tx.query(`UPDATE plans SET state = 'superseded' WHERE deployment_id = $1 AND state = 'open'`, [deploymentId]);
  await tx.query(
    `INSERT INTO plans (id, deployment_id, specification_version, purpose, document, graph, created_by) VALUES ($1, $2, $3, $4, $5, $6, $7)`,
    [
      proposal.planId,
      deploymentId,
      version,
      proposal.plan.purpose,
      JSON.stringify({ ...proposal.plan, graph: undefined }),
      JSON.stringify(proposal.plan.graph),
      actor,
    ],
  );
  tx.emit({
    kind: 'plan.created',
    actor,
    deploymentId,
    data: {
      plan: proposal.planId,
      purpose: proposal.plan.purpose,
      actions: proposal.plan.actions.length,
      specificationVersion: version,
    },
  });
  return version;
}
