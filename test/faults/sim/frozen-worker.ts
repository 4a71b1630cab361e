import { rowsOf } from '../cluster/deployments.ts';
import type { Cluster } from '../cluster/cluster.ts';
import type { ManagedProcess } from '../cluster/managed-process.ts';
import { until } from '../../support/until.ts';

const heard = (cluster: Cluster, name: string) =>
  rowsOf<{ agoMs: number }>(
    cluster,
    `SELECT EXTRACT(EPOCH FROM clock_timestamp() - seen_at)::float8 * 1000 AS "agoMs" FROM workers WHERE id = $1`,
    [name],
  );

/** Until its last sign of life is older than a lease and none of its claims is its own any more. */
export async function untilItsLeasesAreOver(cluster: Cluster, worker: ManagedProcess): Promise<void> {
  await until(
    `the leases of ${worker.name} are over`,
    () => heard(cluster, worker.name),
    ([row]) => row === undefined || row.agoMs > 16_000,
  );
  await until(
    `somebody else has what ${worker.name} had`,
    () => rowsOf<{ id: string }>(cluster, 'SELECT node_role_id AS id FROM claims WHERE worker = $1', [worker.name]),
    (rows) => rows.length === 0,
  );
}

/** Wakes it up, and waits until it has announced itself anew: then it has had all its say. */
export async function wakeUp(cluster: Cluster, worker: ManagedProcess): Promise<void> {
  worker.thaw();
  await until(
    `${worker.name} lives again`,
    () => heard(cluster, worker.name),
    ([row]) => row !== undefined && row.agoMs < 2_000,
  );
}
