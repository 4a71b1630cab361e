import { setTimeout as sleep } from 'node:timers/promises';
import { type Client, FormworkError, type Json, type JsonObject, problemsOf } from '@formwork/api';
import { until } from '../../support/until.ts';
import type { Cluster } from './cluster.ts';

const patienceMs = 180_000;

/** Calls a server, and another or again when none answers: they may just have been killed. */
export async function persistently<T>(cluster: Cluster, call: (client: Client) => Promise<T>): Promise<T> {
  const giveUpAt = performance.now() + patienceMs;
  for (let tries = 0; ; tries += 1) {
    const client = cluster.clients[tries % cluster.clients.length];
    if (client === undefined) throw new Error('the cluster has no server');
    try {
      return await call(client);
    } catch (error) {
      const passing = error instanceof FormworkError && error.kind === 'retryable';
      if (!passing || performance.now() > giveUpAt) throw explained(error);
      await sleep(200);
    }
  }
}

function explained(error: unknown): unknown {
  const problems = problemsOf(error);
  return problems.length === 0 ? error : new Error(`${String(error)}: ${JSON.stringify(problems)}`, { cause: error });
}

/** Asks the database, again while it is away. */
export async function rowsOf<Row extends Record<string, unknown>>(
  cluster: Cluster,
  sql: string,
  values: readonly unknown[] = [],
): Promise<readonly Row[]> {
  const giveUpAt = performance.now() + patienceMs;
  for (;;) {
    try {
      return await cluster.db.query<Row>(sql, values);
    } catch (error) {
      if (performance.now() > giveUpAt) throw error;
      await sleep(100);
    }
  }
}

export const addSite = async (cluster: Cluster, body: Parameters<typeof siteBody>[0]): Promise<string> =>
  (await persistently(cluster, (client) => client.call('createSite', { body: siteBody(body) }))).id;

const siteBody = (site: {
  readonly name: string;
  readonly configuration: JsonObject;
  readonly params?: Readonly<Record<string, string>>;
}) => ({
  name: site.name,
  provider: 'sim',
  configuration: site.configuration,
  params: { ...site.params },
});

interface Specification {
  readonly name: string;
  readonly [field: string]: Json;
}

/** Answers the id of the plan and how much it would do. */
export async function propose(
  cluster: Cluster,
  specification: Specification,
): Promise<{ readonly planId: string; readonly actions: number }> {
  const plan = await persistently(cluster, (client) =>
    client.call('applyDeployment', { params: { name: specification.name }, body: JSON.stringify(specification) }),
  );
  return { planId: plan.id, actions: plan.actions.length };
}

/** Plans and approves; the run is under way when this resolves. Not to be called while servers are being killed. */
export async function apply(cluster: Cluster, specification: Specification): Promise<{ readonly runId: string }> {
  const { planId } = await propose(cluster, specification);
  const run = await persistently(cluster, (client) =>
    client.call('approvePlan', { params: { name: specification.name, plan: planId }, idempotencyKey: planId }),
  );
  return { runId: run.id };
}

/** Starts a destruction; a call whose answer was lost with its server is not made twice. */
export async function destroy(cluster: Cluster, name: string): Promise<string> {
  const before = new Set((await destroyRuns(cluster, name)).map(({ id }) => id));
  const begun = async (): Promise<string | undefined> =>
    (await destroyRuns(cluster, name)).find(({ id }) => !before.has(id))?.id;
  return persistently(cluster, async (client) => {
    const already = await begun();
    if (already !== undefined) return already;
    const { run } = await client.call('destroyDeployment', { params: { name }, query: { approve: true } });
    if (run === null) throw new Error('the destruction was planned and not started');
    return run.id;
  });
}

const destroyRuns = (cluster: Cluster, name: string) =>
  rowsOf<{ id: string }>(
    cluster,
    `SELECT r.id FROM runs r JOIN deployments d ON d.id = r.deployment_id WHERE d.name = $1 AND r.purpose = 'destroy'`,
    [name],
  );

/** Waits until the run is over; answers its state. What is stuck is in the error. */
export async function runEnd(cluster: Cluster, runId: string, withinMs = patienceMs): Promise<string> {
  try {
    return await until(
      `run ${runId} ends`,
      async () =>
        (await rowsOf<{ state: string }>(cluster, 'SELECT state FROM runs WHERE id = $1', [runId]))[0]?.state ?? '',
      (state) => state !== 'running',
      withinMs,
    );
  } catch (error) {
    const stuck = await rowsOf(
      cluster,
      `SELECT n.key, n.state_data AS state, n.holds, n.attempt, n.dispatch, n.fence, n.drive_at, c.worker, c.fence AS claim_fence, c.lease_until, clock_timestamp() AS now
       FROM node_roles n LEFT JOIN claims c ON c.node_role_id = n.id
       WHERE n.run_id = $1 AND n.state NOT IN ('active', 'removed') LIMIT 20`,
      [runId],
    );
    throw new Error(`${String(error)}: ${JSON.stringify(stuck)}`, { cause: error });
  }
}

/** Waits until nothing is under way any more: nobody holds anything and nothing is to be put on a queue. */
export const stillness = (cluster: Cluster): Promise<unknown> =>
  until(
    'all is still',
    () =>
      rowsOf<{ what: string }>(
        cluster,
        `SELECT key || ' is ' || state AS what FROM node_roles WHERE holds
         UNION ALL SELECT 'run ' || id FROM runs WHERE state = 'running'
         UNION ALL SELECT 'outbox ' || job_id FROM outbox
         UNION ALL SELECT 'site task ' || kind FROM site_tasks WHERE state = 'asked'`,
      ),
    (rows) => rows.length === 0,
    patienceMs,
  );
