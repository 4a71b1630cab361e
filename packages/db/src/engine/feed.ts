import type { JsonObject } from '@formwork/core';
import type pg from 'pg';
import { z } from 'zod';
import type { Database } from '../database.ts';
import type { Log } from '../log.ts';
import { eventChannel } from './events.ts';
import { logChannel } from './logs.ts';
import { openSignal } from './signal.ts';

export interface EventRow {
  readonly id: number;
  readonly at: string;
  readonly kind: string;
  readonly actor: string;
  readonly deploymentId: string | null;
  readonly runId: string | null;
  readonly nodeId: string | null;
  readonly nodeRoleId: string | null;
  readonly data: JsonObject;
}

export interface EventFilter {
  readonly after: number;
  readonly limit: number;
  readonly deploymentId?: string;
  readonly nodeId?: string;
  readonly nodeRoleId?: string;
  readonly runId?: string;
  readonly kinds?: readonly string[];
}

export async function readEvents(db: Pick<Database, 'query'>, filter: EventFilter): Promise<readonly EventRow[]> {
  const rows = await db.query<Omit<EventRow, 'id' | 'at'> & { id: string; at: Date }>(
    `SELECT id, at, kind, actor, deployment_id AS "deploymentId", run_id AS "runId", node_id AS "nodeId", node_role_id AS "nodeRoleId", data
     FROM events WHERE id > $1 AND ($3::uuid IS NULL OR deployment_id = $3) AND ($4::uuid IS NULL OR node_id = $4)
       AND ($5::uuid IS NULL OR node_role_id = $5) AND ($6::uuid IS NULL OR run_id = $6) AND ($7::text[] IS NULL OR kind = ANY($7))
     ORDER BY id LIMIT $2`,
    [
      filter.after,
      filter.limit,
      filter.deploymentId ?? null,
      filter.nodeId ?? null,
      filter.nodeRoleId ?? null,
      filter.runId ?? null,
      filter.kinds ?? null,
    ],
  );
  return rows.map((row) => ({ ...row, id: Number(row.id), at: row.at.toISOString() }));
}

export async function newestEventId(db: Pick<Database, 'query'>): Promise<number> {
  const [row] = await db.query<{ value: string }>(`SELECT value FROM counters WHERE name = 'events'`);
  return Number(row?.value ?? 0);
}

/** One reader of the feed in a process: every listener gets every event once, in order. */
export interface EventFeed {
  /** From now on; answers how to stop. */
  subscribe(listener: (events: readonly EventRow[]) => void): () => void;
  /** Called with the id of an attempt whose log grew. */
  onLog(listener: (attemptId: string) => void): () => void;
  /** Id of the last event handed out. */
  position(): number;
  close(): Promise<void>;
}

const told = z.array(
  z.custom<EventRow>((event) => typeof event === 'object' && event !== null && 'id' in event && Number(event.id) > 0),
);

/** The events that a notification carries; none where it only says that there are some. */
function toldEvents(payload: string): readonly EventRow[] {
  try {
    return payload.startsWith('[') ? told.parse(JSON.parse(payload)) : [];
  } catch {
    // Nothing of ours: what there is gets read.
    return [];
  }
}

/** A lost notification is noticed after this long at the latest. */
const fallbackMs = 2_000;
const pageSize = 1_000;

export async function openEventFeed(db: Database, log: Log): Promise<EventFeed> {
  const listeners = new Set<(events: readonly EventRow[]) => void>();
  const logListeners = new Set<(attemptId: string) => void>();
  let position = await newestEventId(db);
  let closed = false;
  let reading: Promise<void> | null = null;
  let again = false;

  const read = (): void => {
    if (reading !== null) {
      again = true;
      return;
    }
    reading = drain()
      .catch((error: unknown) => {
        if (!closed) log.warn({ error: String(error) }, 'reading events failed; will read again');
      })
      .finally(() => {
        reading = null;
        if (again && !closed) {
          again = false;
          read();
        }
      });
  };
  const drain = async (): Promise<void> => {
    for (;;) {
      const events = await readEvents(db, { after: position, limit: pageSize });
      const last = events.at(-1);
      if (last === undefined || closed) return;
      position = last.id;
      for (const listener of listeners) listener(events);
      if (events.length < pageSize) return;
    }
  };
  const hear = (message?: pg.Notification): void => {
    if (message?.channel === logChannel) for (const listener of logListeners) listener(message.payload ?? '');
    else if (!take(toldEvents(message?.payload ?? ''))) read();
  };
  /** What was told follows on what was handed out: nothing has to be read. */
  const take = (events: readonly EventRow[]): boolean => {
    const last = events.at(-1);
    if (last !== undefined && last.id <= position) return true;
    if (last === undefined || reading !== null || closed || events[0]?.id !== position + 1) return false;
    position = last.id;
    for (const listener of listeners) listener(events);
    return true;
  };
  const signal = openSignal(db, [eventChannel, logChannel], hear, log);
  const timer = setInterval(read, fallbackMs);

  return {
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    onLog(listener) {
      logListeners.add(listener);
      return () => logListeners.delete(listener);
    },
    position: () => position,
    async close() {
      closed = true;
      clearInterval(timer);
      await signal.close();
      await reading;
    },
  };
}
