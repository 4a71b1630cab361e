import { createClient } from '@formwork/api';
import { newestEventId, openDatabase, openEventFeed } from '@formwork/db';
import { propose } from '../support/deployments.ts';
import { specificationOf } from '../engine/content.ts';
import { say } from '../support/report.ts';
import { median, percentile, rounded } from '../support/statistics.ts';
import { engineShape } from './fill.ts';
import { type Listened, listenedSchema, type ListenRequest } from './listen.ts';
import { asFormworkUp, type Program, startAssistant, startProgram } from './programs.ts';

const quiet = { info: () => {}, warn: () => {}, error: () => {} };
const name = 'bench';
/** Listeners; some of them ask for the deployment alone, some lose their connection again and again. */
const listeners = { all: 150, ofDeployment: 40, cut: 10 };
const mostMedianMs = 50;
/** As `bench:engine` gives its worker. */
const slots = 400;

/**
 * 200 listeners while the load of `bench:engine` runs on the same server, database and worker: its pack, its shape, steps
 * of no length. Before that, replays of all that is stored.
 */
export async function measureStream(options: {
  readonly server: Program;
  readonly tokens: readonly string[];
  readonly databaseUrl: string;
  readonly environment: Readonly<Record<string, string>>;
  /** Whether replays are measured too. */
  readonly replays: boolean;
}) {
  const { server } = options;
  const [token = ''] = options.tokens;
  const db = openDatabase({ url: options.databaseUrl, log: quiet });
  const client = createClient({ baseUrl: `http://127.0.0.1:${String(server.port)}`, token, timeoutMs: 600_000 });
  const replays = options.replays
    ? { listeners1: await replay(server, token, 1), listeners10: await replay(server, token, 10) }
    : null;

  const worker = await startProgram(
    'apps/worker/dist/main.js',
    { ...options.environment, FORMWORK_WORKER_SLOTS: String(slots), FORMWORK_WORKER_ID: 'bench-stream' },
    asFormworkUp,
  );
  const listening = startAssistant('listen-main.ts');
  try {
    const specification = JSON.stringify(specificationOf(name, engineShape));
    const plan = await propose(client, name, specification);
    const queries = [
      ...Array.from({ length: listeners.all }, () => ''),
      ...Array.from({ length: listeners.ofDeployment }, () => `?deployment=${name}`),
      ...Array.from({ length: listeners.cut }, () => ''),
    ];
    // Who is cut off before its first event has nothing to resume by: all begin after an event that is known.
    const after = await newestEventId(db);
    const open: ListenRequest = { kind: 'open', port: server.port, token, queries, after, cut: listeners.cut };
    await listening.ask(open);
    const before = await newestEventId(db);
    // What of the delay is the engine's transaction, the notification and the reading: a feed in this process.
    const toFeedMs: number[] = [];
    const feed = await openEventFeed(db, quiet);
    feed.subscribe((events) => {
      const nowMs = performance.timeOrigin + performance.now();
      for (const event of events) toFeedMs.push(nowMs - Date.parse(event.at));
    });
    const started = performance.now();
    const run = await client.call('approvePlan', { params: { name, plan: plan.id }, query: { wait: '300s' } });
    const seconds = (performance.now() - started) / 1000;
    await feed.close();
    const [ends] = await db.query<{ first: string; last: string }>(
      'SELECT min(id) AS first, max(id) AS last FROM events WHERE id > $1 AND run_id = $2',
      [before, run.id],
    );
    const selected = await db.query<{ id: string }>(
      'SELECT e.id FROM events e JOIN deployments d ON d.id = e.deployment_id WHERE d.name = $1 AND e.id BETWEEN $2 AND $3 ORDER BY e.id',
      [name, ends?.first, ends?.last],
    );
    const finish: ListenRequest = {
      kind: 'finish',
      first: Number(ends?.first),
      last: Number(ends?.last),
      selected: selected.map((row) => Number(row.id)),
      withinMs: 30_000,
    };
    const listened = listenedSchema.parse(await listening.ask(finish));
    const events = finish.last - finish.first + 1;
    const [carried] = await db.query<{ nodes: number; nodeRoles: number }>(
      `SELECT (SELECT count(*)::int FROM nodes WHERE deployment_id = d.id) AS nodes,
         (SELECT count(*)::int FROM node_roles WHERE deployment_id = d.id AND state = 'active') AS "nodeRoles"
       FROM deployments d WHERE name = $1`,
      [name],
    );
    const engine = {
      load: "bench:engine's pack and shape, steps of no length, on the same server and database",
      run: run.state,
      ...carried,
      seconds: rounded(seconds),
      nodeRolesPerSecond: rounded((carried?.nodeRoles ?? 0) / seconds),
      events,
    };
    const medianMs = rounded(listened.medianMs ?? Number.NaN);
    say(
      `stream beside bench:engine: ${carried?.nodes} nodes, ${carried?.nodeRoles} node-roles, ${events} events in ${rounded(seconds)} s to ${listened.listeners} listeners, ${listened.incomplete} incomplete, ` +
        `median ${medianMs} ms, p99 ${rounded(listened.p99Ms ?? Number.NaN)} ms; to a feed without listeners median ${rounded(median(toFeedMs))} ms`,
    );
    return {
      replays,
      engine,
      listened,
      toFeed: { medianMs: rounded(median(toFeedMs)), p99Ms: rounded(percentile(toFeedMs, 0.99)) },
      holds: {
        everyEventOnceInOrder: listened.incomplete === 0,
        medianUnder50Ms: (listened.medianMs ?? Number.POSITIVE_INFINITY) < mostMedianMs,
      },
    };
  } finally {
    await listening.stop();
    await worker.stop();
    await db.close();
  }
}

/** All that is stored, from the beginning, to so many listeners at once. */
async function replay(server: Program, token: string, count: number) {
  const listening = startAssistant('listen-main.ts');
  const last = 100_000;
  try {
    const queries = Array.from({ length: count }, () => '');
    const started = performance.now();
    await listening.ask({ kind: 'open', port: server.port, token, queries, after: 0, cut: 0 });
    const listened: Listened = listenedSchema.parse(
      await listening.ask({ kind: 'finish', first: 1, last, selected: [], withinMs: 50_000 }),
    );
    const seconds = (performance.now() - started) / 1000;
    const eventsPerSecond = Math.round(listened.delivered / seconds);
    say(`replay of ${last} events to ${count}: ${rounded(seconds)} s, ${eventsPerSecond} events/s`);
    return { seconds: rounded(seconds), eventsPerSecond, incomplete: listened.incomplete };
  } finally {
    await listening.stop();
  }
}
