import { type JsonObject, sameJson } from '@formwork/core';
import { type Database, type EventRow, readEvents } from '@formwork/db';

/** All events of a database, in order. */
export async function allEvents(db: Database): Promise<readonly EventRow[]> {
  const events: EventRow[] = [];
  for (;;) {
    const page = await readEvents(db, { after: events.at(-1)?.id ?? 0, limit: 1_000 });
    events.push(...page);
    if (page.length < 1_000) return events;
  }
}

/** Metadata of a node-role event; the rest of its data is the state. */
const about = new Set(['key', 'version', 'from', 'attemptId', 'worker', 'attached', 'because']);

/**
 * What must hold whatever happened: events without gap and in order, the last of each node-role its stored state, no
 * claim or lock of something that does not hold, no two holders of one lane or lock at once. Answers what does not hold.
 */
export async function violations(db: Database): Promise<readonly string[]> {
  const found: string[] = [];
  const events = await allEvents(db);
  events.forEach((event, index) => {
    if (event.id !== index + 1) found.push(`event ${event.id} stands at place ${index + 1}`);
  });
  const rows = await db.query<{ id: string; key: string; state: JsonObject }>(
    'SELECT id, key, state_data AS state FROM node_roles',
  );
  const folded = fold(events);
  for (const row of rows) {
    const seen = folded.get(row.id);
    if (seen === undefined) found.push(`no event tells of ${row.key}`);
    else if (!sameJson(seen, row.state))
      found.push(`${row.key} is stored as ${JSON.stringify(row.state)}, its events say ${JSON.stringify(seen)}`);
  }
  found.push(
    ...(await said(
      db,
      `SELECT 'claim of ' || n.key AS what FROM claims c JOIN node_roles n ON n.id = c.node_role_id WHERE NOT n.holds`,
    )),
    ...(await said(
      db,
      `SELECT 'lock ' || l.name || ' kept by ' || n.key AS what FROM lock_holds l JOIN node_roles n ON n.id = l.node_role_id
       LEFT JOIN runs r ON r.id = n.run_id
       WHERE NOT n.holds AND NOT (r.state = 'running' AND (n.state_data->>'retryAtMs' IS NOT NULL OR n.state_data->'work'->>'retryAtMs' IS NOT NULL))`,
    )),
    ...(await said(
      db,
      `SELECT 'attempt ' || a.number || ' of ' || n.key || ' is open' AS what FROM attempts a JOIN node_roles n ON n.id = a.node_role_id
       WHERE a.state IN ('running', 'waiting') AND NOT n.holds`,
    )),
    ...overlaps(events, await lanes(db)),
    ...startsTooLate(events),
  );
  return found;
}

const said = async (db: Database, sql: string): Promise<readonly string[]> =>
  (await db.query<{ what: string }>(sql)).map(({ what }) => what);

const lanes = async (db: Database): Promise<ReadonlyMap<string, string>> =>
  new Map(
    (
      await db.query<{ id: string; lane: string }>(
        `SELECT id, node_id || ' ' || lane AS lane FROM node_roles WHERE node_id IS NOT NULL`,
      )
    ).map(({ id, lane }) => [id, lane]),
  );

/** The state that the events alone tell of, by node-role. */
function fold(events: readonly EventRow[]): ReadonlyMap<string, JsonObject> {
  const states = new Map<string, JsonObject>();
  for (const { nodeRoleId, data } of events) {
    if (nodeRoleId === null) continue;
    // Of a claim the number of the attempt is told beside the state of a removal, which keeps it further in.
    const apart = new Set(about);
    if (data['state'] === 'removing') apart.add('attempt');
    if (data['state'] === 'skipped') apart.delete('because');
    states.set(nodeRoleId, Object.fromEntries(Object.entries(data).filter(([name]) => !apart.has(name))));
  }
  return states;
}

/** Nothing starts in a run that is over, nor while its deployment is paused. */
function startsTooLate(events: readonly EventRow[]): readonly string[] {
  const over = new Set<string | null>();
  const paused = new Set<string | null>();
  const found: string[] = [];
  for (const { id, kind, runId, deploymentId, data } of events) {
    if (kind === 'run.started' || kind === 'run.reopened') over.delete(runId);
    else if (kind.startsWith('run.')) over.add(runId);
    if (kind === 'deployment.paused') paused.add(deploymentId);
    if (kind === 'deployment.resumed') paused.delete(deploymentId);
    if (kind !== 'node-role.enqueued') continue;
    if (over.has(runId)) found.push(`event ${id} starts ${JSON.stringify(data['key'])} after its run was over`);
    if (paused.has(deploymentId))
      found.push(`event ${id} starts ${JSON.stringify(data['key'])} in a paused deployment`);
  }
  return found;
}

/** Spans, by event id, in which each node-role held: from `enqueued` to the event that ended it. */
function holdingSpans(
  events: readonly EventRow[],
): readonly { readonly nodeRoleId: string; readonly from: number; readonly to: number }[] {
  const open = new Map<string, number>();
  const spans: { nodeRoleId: string; from: number; to: number }[] = [];
  for (const { id, kind, nodeRoleId } of events) {
    if (nodeRoleId === null) continue;
    if (kind === 'node-role.enqueued') open.set(nodeRoleId, id);
    const from = open.get(nodeRoleId);
    if (from !== undefined && ['node-role.done', 'node-role.failed', 'node-role.withdrawn'].includes(kind)) {
      spans.push({ nodeRoleId, from, to: id });
      open.delete(nodeRoleId);
    }
  }
  for (const [nodeRoleId, from] of open) spans.push({ nodeRoleId, from, to: Infinity });
  return spans;
}

/** Names every two node-roles that held the same thing at once. */
export function overlaps(events: readonly EventRow[], thingOf: ReadonlyMap<string, string>): readonly string[] {
  const found: string[] = [];
  const byThing = new Map<string, { nodeRoleId: string; from: number; to: number }[]>();
  for (const span of holdingSpans(events)) {
    const thing = thingOf.get(span.nodeRoleId);
    if (thing === undefined) continue;
    const spans = byThing.get(thing) ?? [];
    for (const other of spans)
      if (span.from < other.to && other.from < span.to)
        found.push(`${thing}: ${span.nodeRoleId} and ${other.nodeRoleId} at once`);
    byThing.set(thing, [...spans, span]);
  }
  return found;
}

/** The greatest number of these that held at once. */
export function mostAtOnce(events: readonly EventRow[], nodeRoleIds: ReadonlySet<string>): number {
  const spans = holdingSpans(events).filter((span) => nodeRoleIds.has(span.nodeRoleId));
  return Math.max(
    0,
    ...spans.map((span) => spans.filter((other) => other.from <= span.from && span.from < other.to).length),
  );
}
