import type pg from 'pg';
import type { Database } from '../database.ts';
import type { Log } from '../log.ts';

export interface Signal {
  close(): Promise<void>;
}

const reconnectMs = 500;

/**
 * Calls the listener for each notification on the channels, and once without one after each (re)connect, since some may
 * have been missed. Holds a connection of its own.
 */
export function openSignal(
  db: Pick<Database, 'dedicated'>,
  channels: readonly string[],
  listener: (message?: pg.Notification) => void,
  log: Log,
): Signal {
  let closed = false;
  const isClosed = (): boolean => closed;
  let client: pg.Client | null = null;

  const connect = async (): Promise<void> => {
    while (!isClosed()) {
      try {
        const next = await db.dedicated();
        const lost = new Promise<void>((resolve) => {
          next.on('error', () => resolve());
          next.on('end', () => resolve());
        });
        next.on('notification', listener);
        client = next;
        await next.query(channels.map((channel) => `LISTEN ${channel}`).join('; '));
        listener();
        if (isClosed()) await next.end();
        await lost;
        client = null;
        await next.end().catch(() => undefined);
      } catch (error) {
        if (!isClosed()) log.warn({ channels, error: String(error) }, 'listening failed; will connect again');
      }
      if (!isClosed()) await new Promise((resolve) => setTimeout(resolve, reconnectMs));
    }
  };
  const connecting = connect();
  return {
    async close() {
      closed = true;
      await client?.end().catch(() => undefined);
      await connecting;
    },
  };
}
