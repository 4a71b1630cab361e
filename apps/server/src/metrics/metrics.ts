import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { EventFeed, Inventory } from '@formwork/db';
import { newestEventId, type Database } from '@formwork/db';

export interface Metrics {
  /** One answered request. */
  observe(request: {
    readonly operation: string;
    readonly method: string;
    readonly status: number;
    readonly seconds: number;
  }): void;
  /** In the text format of Prometheus; asks the database. */
  print(): Promise<string>;
}

export function createMetrics(deps: {
  readonly db: Pick<Database, 'query'>;
  readonly inventory: Pick<Inventory, 'statistics'>;
  readonly feed: Pick<EventFeed, 'position'>;
  /** Numbers of the process too; off where many servers live in one process. */
  readonly ofProcess: boolean;
}): Metrics {
  const registry = new Registry();
  const registers = [registry];
  if (deps.ofProcess) collectDefaultMetrics({ register: registry, prefix: 'formwork_' });
  const labelNames = ['operation', 'method', 'status'] as const;
  const requests = new Counter({
    name: 'formwork_http_requests_total',
    help: 'Requests answered',
    labelNames,
    registers,
  });
  const durations = new Histogram({
    name: 'formwork_http_request_duration_seconds',
    help: 'Time to the answer; streams are left out',
    labelNames: ['operation', 'method'] as const,
    buckets: [0.005, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10, 60],
    registers,
  });
  const gauge = (name: string, help: string): Gauge => new Gauge({ name, help, registers });
  const nodeRoles = new Gauge({
    name: 'formwork_node_roles',
    help: 'Node-roles by state',
    labelNames: ['state'] as const,
    registers,
  });
  const runs = gauge('formwork_runs_live', 'Runs that are live');
  const lag = gauge('formwork_event_lag', 'Events written that this server has not given out yet');
  const depth = gauge('formwork_queue_depth', 'Node-roles admitted and not yet taken by a worker');
  const outbox = gauge('formwork_outbox_rows', 'Jobs that have not reached the queue yet');

  const collect = async (): Promise<void> => {
    const { statistics } = deps.inventory;
    const [states, live, queued, newest] = await Promise.all([
      statistics.nodeRolesByState(),
      statistics.liveRuns(),
      statistics.queued(),
      newestEventId(deps.db),
    ]);
    nodeRoles.reset();
    for (const [state, count] of states) nodeRoles.set({ state }, count);
    runs.set(live);
    lag.set(Math.max(0, newest - deps.feed.position()));
    depth.set(queued.jobs);
    outbox.set(queued.outbox);
  };
  return {
    observe({ operation, method, status, seconds }) {
      requests.inc({ operation, method, status: String(status) });
      durations.observe({ operation, method }, seconds);
    },
    async print() {
      await collect();
      return registry.metrics();
    },
  };
}
