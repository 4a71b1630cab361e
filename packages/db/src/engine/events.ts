import type { JsonObject } from '@formwork/core';
import { piecesOf } from '../in-pieces.ts';

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

/** The channel that tells listeners of new events: its payload is the events, or the newest id where they do not fit. */
export const eventChannel = 'formwork_events';

/** The channel that tells workers that a site came, went or changed: they need not read all events for that. */
export const siteChannel = 'formwork_sites';

/** The channel that tells workers the id of a run that has started: what its steps need can be read ahead. */
export const runChannel = 'formwork_runs';

const maxDataBytes = 8_192;
/** PostgreSQL takes less than 8,000 bytes. */
const maxPayloadBytes = 7_900;
const maxInPayload = 24;
/** As a Date says it. */
const isoTime = `to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;

/**
 * The last statements of a transaction. The counter row is locked until the commit, so ids have no gaps, their order is the
 * order of the commits, and times do not go back along them.
 */
export async function flushEvents(
  write: (sql: string, values: readonly unknown[]) => Promise<unknown>,
  events: readonly NewEvent[],
): Promise<void> {
  // The last ones travel with the commit; of thousands one piece is put together while the one before it is written.
  let before: Promise<unknown> | null = null;
  for (const piece of piecesOf(events)) {
    const written = write(insertEvents, valuesOf(piece));
    if (before !== null) await before;
    before = written;
  }
  if (events.some((event) => event.kind.startsWith('site.'))) void write(`NOTIFY ${siteChannel}`, []);
  for (const { kind, runId } of events)
    if (kind === 'run.started') void write('SELECT pg_notify($1, $2)', [runChannel, runId]);
}

function valuesOf(events: readonly NewEvent[]): readonly unknown[] {
  return [
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
}

const insertEvents = `WITH counter AS (
    UPDATE counters SET value = value + $2 WHERE name = 'events' RETURNING value
  ), written AS (
    INSERT INTO events (id, at, kind, actor, deployment_id, run_id, node_id, node_role_id, data)
    SELECT counter.value - $2 + e.place, clock_timestamp(), e.kind, e.actor, e.deployment_id, e.run_id, e.node_id, e.node_role_id, e.data
    FROM counter, jsonb_to_recordset($1::jsonb) AS e(place bigint, kind text, actor text, deployment_id uuid,
         run_id uuid, node_id uuid, node_role_id uuid, data jsonb)
    RETURNING *
  ), told AS (
    SELECT jsonb_agg(jsonb_build_object('id', id, 'at', ${isoTime}, 'kind', kind, 'actor', actor, 'deploymentId', deployment_id,
      'runId', run_id, 'nodeId', node_id, 'nodeRoleId', node_role_id, 'data', data) ORDER BY id)::text AS text
    FROM written WHERE $2 <= ${String(maxInPayload)}
  )
  SELECT pg_notify('${eventChannel}', CASE WHEN octet_length(text) < ${String(maxPayloadBytes)} THEN text
    ELSE (SELECT max(id)::text FROM written) END) FROM told`;

/** An event is a sign, not a store: what is too long is cut and says so. */
function bounded(data: JsonObject): JsonObject {
  const text = JSON.stringify(data);
  if (Buffer.byteLength(text) <= maxDataBytes) return data;
  return { cut: true, text: text.slice(0, 4_000) };
}
