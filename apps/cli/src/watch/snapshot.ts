import { allItems, type Client, type DeploymentResponse, type NodeRoleResponse, type RunResponse } from '@formwork/api';

/** What a deployment looked like at one moment. */
export interface Snapshot {
  readonly deployment: DeploymentResponse;
  /** The run being watched; null when the deployment has never had one. */
  readonly run: RunResponse | null;
  /** In the order of stages. */
  readonly nodeRoles: readonly NodeRoleResponse[];
}

/** Reads it; `run` fixes the run, else it is the live or last one. */
export async function readSnapshot(
  client: Client,
  name: string,
  run: string | null,
  signal: AbortSignal,
): Promise<Snapshot> {
  const deployment = await client.call('getDeployment', { params: { name }, signal });
  const runId = run ?? deployment.liveRun ?? deployment.lastRun;
  const nodeRoles: NodeRoleResponse[] = [];
  const pages = allItems((cursor) =>
    client.call('listNodeRoles', {
      params: { name },
      query: { limit: 500, ...(cursor === undefined ? {} : { cursor }) },
      signal,
    }),
  );
  for await (const nodeRole of pages) nodeRoles.push(nodeRole);
  // The run is read last: when it has ended, the node-roles may lack their ends, so they are read once more by watch.
  const found = runId === null ? null : await client.call('getRun', { params: { run: runId }, signal });
  return { deployment, run: found, nodeRoles };
}
