import type { Database } from '@formwork/db';

/** How a deployment has to have ended. */
export type Wanted = 'active' | 'destroyed';

/** Every node-role, node and the deployment itself in the state they should have come to. */
export async function brokenEnd(db: Database, name: string, wanted: Wanted): Promise<readonly string[]> {
  const found: string[] = [];
  const [deployment] = await db.query<{ id: string; state: string; leaks: unknown }>(
    'SELECT id, state, leaks FROM deployments WHERE name = $1 ORDER BY created_at DESC LIMIT 1',
    [name],
  );
  if (deployment === undefined) return [`there is no deployment ${name}`];
  if (deployment.state !== wanted) found.push(`${name} is ${deployment.state}, not ${wanted}`);
  if (wanted === 'destroyed' && JSON.stringify(deployment.leaks) !== '[]')
    found.push(`${name} leaks ${JSON.stringify(deployment.leaks)}`);
  const rows = await db.query<{ key: string; state: string; clean: boolean | null; pending: unknown }>(
    `SELECT key, state, (applied->>'clean')::boolean AS clean, pending FROM node_roles WHERE deployment_id = $1`,
    [deployment.id],
  );
  if (rows.length === 0) found.push(`${name} has no node-role`);
  for (const row of rows) {
    if (row.state !== (wanted === 'active' ? 'active' : 'removed')) found.push(`${row.key} is ${row.state}`);
    else if (wanted === 'active' && row.clean !== true) found.push(`${row.key} is active and was not verified`);
  }
  const nodes = await db.query<{ name: string; state: string }>(
    'SELECT name, state FROM nodes WHERE deployment_id = $1',
    [deployment.id],
  );
  for (const node of nodes) {
    if (node.state !== (wanted === 'active' ? 'ready' : 'destroyed'))
      found.push(`the node ${node.name} is ${node.state}`);
  }
  if (wanted === 'destroyed') {
    const [secrets] = await db.query<{ count: number }>('SELECT count(*)::int AS count FROM secrets WHERE scope = $1', [
      `deployment:${deployment.id}`,
    ]);
    if (secrets?.count !== 0) found.push(`${name} is destroyed and its secrets are still there`);
  }
  return found;
}
