import type { Database, Log } from '@formwork/db';
import type { ServeSiteDeps } from '@formwork/providers';

interface Deps {
  readonly db: Pick<Database, 'transaction'>;
  readonly log: Log;
  readonly siteId: string;
  readonly actor: string;
}

/** The same of the same machine and address is told once in so long, milliseconds: it comes with every try. */
const quietMs = 60_000;
const mostKept = 4_096;

/** Notices as events of the feed. */
export function createNotices({ db, log, siteId, actor }: Deps): ServeSiteDeps['notice'] {
  const toldMs = new Map<string, number>();
  return ({ code, machineId, address, message }) => {
    const key = `${code} ${String(machineId)} ${address}`;
    const nowMs = performance.now();
    if (nowMs - (toldMs.get(key) ?? -Infinity) < quietMs) return;
    toldMs.delete(key);
    toldMs.set(key, nowMs);
    const [oldest] = toldMs.keys();
    if (toldMs.size > mostKept && oldest !== undefined) toldMs.delete(oldest);
    log.warn({ siteId, machineId, address, code }, message);
    db.transaction((tx) => {
      tx.emit({ kind: `machine.${code}`, actor, data: { siteId, machineId, address, message } });
      return Promise.resolve();
    }).catch((error: unknown) => {
      log.warn({ siteId, error: String(error) }, 'a notice was not kept');
    });
  };
}
