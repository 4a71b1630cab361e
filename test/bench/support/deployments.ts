import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { allItems, type Client, type PlanResponse, type RunResponse } from '@formwork/api';

/** Stores a pack from its folder, as `formwork pack upload` does. */
export async function uploadPack(client: Client, folder: string): Promise<void> {
  const { stdout } = await promisify(execFile)('tar', ['-c', '-z', '-f', '-', '-C', folder, '.'], {
    encoding: 'buffer',
    maxBuffer: 64 * 2 ** 20,
    timeout: 60_000,
  });
  await client.call('uploadPack', { body: stdout });
}

/** Plans a specification, given as YAML or JSON. */
export const propose = (client: Client, name: string, specification: string): Promise<PlanResponse> =>
  client.call('applyDeployment', { params: { name }, body: specification });

/** As `formwork apply --yes --wait`: plans, approves unless there is nothing to do, waits. Throws when the run fails. */
export async function apply(
  client: Client,
  name: string,
  specification: string,
): Promise<{ readonly plan: PlanResponse; readonly run: RunResponse | null }> {
  const plan = await propose(client, name, specification);
  const nothing = plan.counts.actionsToRun === 0 && plan.specificationVersion === plan.committedVersion;
  if (nothing) return { plan, run: null };
  const run = await client.call('approvePlan', { params: { name, plan: plan.id }, query: { wait: '10m' } });
  if (run.state !== 'succeeded') throw new Error(`the run of ${name} ended ${run.state}: ${run.message}`);
  return { plan, run };
}

export async function destroy(client: Client, name: string): Promise<void> {
  await client.call('destroyDeployment', { params: { name }, query: { approve: true, wait: '10m' } });
}

/** Keys of the node-roles that a run started, by its events. */
export async function startedIn(client: Client, run: RunResponse | null): Promise<readonly string[]> {
  if (run === null) return [];
  const keys = new Set<string>();
  const pages = allItems((cursor) =>
    client.call('listEvents', {
      query: { run: run.id, kind: 'node-role.claimed', limit: 500, ...(cursor === undefined ? {} : { cursor }) },
    }),
  );
  for await (const { nodeRole } of pages) if (nodeRole !== null) keys.add(nodeRole);
  return [...keys].sort();
}
