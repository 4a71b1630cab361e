import type { JsonObject } from '@formwork/core';
import type pg from 'pg';
import { inPieces } from '../in-pieces.ts';
import { sendQuery } from '../query-once.ts';
import type { StatementNames } from '../statement-names.ts';

/** A state change as it goes into the feed; the id comes with the commit. `data` holds no secret, 8 KiB at most. */
export interface NewEvent {
  readonly kind: string;
  /** Who caused it: `token:<name>`, `worker:<id>`, `scheduler`. */
  readonly actor: string;
  readonly deploymentId?: string | null;
  readonly runId?: string | null;
  readonly nodeId?: string | null;
  readonly nodeRoleId?: string | null;
  readonly data: JsonObject;
}

/** The channel that tells listeners that there are new events; its payload is the newest id. */
export const eventChannel = 'formwork_events';

/** The channel that tells workers that a site came, went or changed: they need not read all events for that. */
export const siteChannel = 'formwork_sites';

/** The channel that tells workers the id of a run that has started: what its steps need can be read ahead. */
export const runChannel = 'formwork_runs';

const maxDataBytes = 8_192;

/**
 * The last statements of a transaction. The counter row is locked until the commit, so ids have no gaps, their order is the
 * order of the commits, and times do not go back along them.
 */
export async function flushEvents(
  client: pg.ClientBase,
  names: StatementNames,
  events: readonly NewEvent[],
): Promise<void> {
  if (events.length === 0) return;
  await inPieces(events, (piece) => writeEvents(client, names, piece));
  if (events.some((event) => event.kind.startsWith('site.')))
    await sendQuery(client, { text: `NOTIFY ${siteChannel}` });
  for (const { kind, runId } of events)
    if (kind === 'run.started')
      await sendQuery(client, { text: 'SELECT pg_notify($1, $2)', values: [runChannel, runId] });
}

async function writeEvents(client: pg.ClientBase, names: StatementNames, events: readonly NewEvent[]): Promise<void> {
  const values = [
    JSON.stringify(
      events.map((event, index) => ({
        place: index + 1,
        kind: event.kind,
        actor: event.actor,
        deployment_id: event.deploymentId ?? null,
        run_id: event.runId ?? null,
        node_id: event.nodeId ?? null,
        node_role_id: event.nodeRoleId ?? null,
        data: bounded(event.data),
      })),
    ),
    events.length,
  ];
  await sendQuery(client, { name: names(insertEvents, values), text: insertEvents, values });
}

const insertEvents = `WITH counter AS (
    UPDATE counters SET value = value + $2 WHERE name = 'events' RETURNING value
  ), written AS (
    INSERT INTO events (id, at, kind, actor, deployment_id, run_id, node_id, node_role_id, data)
    SELECT counter.value - $2 + e.place, clock_timestamp(), e.kind, e.actor, e.deployment_id, e.run_id, e.node_id, e.node_role_id, e.data
    FROM counter, jsonb_to_recordset($1::jsonb) AS e(place bigint, kind text, actor text, deployment_id uuid,
         run_id uuid, node_id uuid, node_role_id uuid, data jsonb)
    RETURNING id
  )
  SELECT pg_notify('${eventChannel}', max(id)::text) FROM written`;

/** An event is a sign, not a store: what is too long is cut and says so. */
function bounded(data: JsonObject): JsonObject {
  const text = JSON.stringify(data);
  if (Buffer.byteLength(text) <= maxDataBytes) return data;
  return { cut: true, text: text.slice(0, 4_000) };
}
