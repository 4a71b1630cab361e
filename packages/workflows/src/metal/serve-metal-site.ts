import { setTimeout as delay } from 'node:timers/promises';
import type { Machine } from '@formwork/core';
import {
  appendMachineLog,
  type Database,
  endSiteProblem,
  forgetOldBootSessions,
  forgetUnseenProblems,
  type Log,
  openBootSessions,
  openMachineStore,
  readDhcpLeases,
  reportSiteProblem,
  type SiteRow,
  siteScope,
  writeDhcpLeases,
} from '@formwork/db';
import { type MetalConfiguration, revealTaskBody, serveSite, type SiteServiceProblem } from '@formwork/providers';
import { revealSecrets, type Secrets } from '../secrets.ts';
import { createNotices } from './notices.ts';
import { siteSigningKey } from './site-signing-key.ts';

export interface ServeMetalDeps {
  readonly db: Database;
  readonly secrets: Secrets;
  readonly log: Log;
  readonly worker: string;
  readonly dataDirectory: string;
  readonly user: { readonly uid: number; readonly gid: number } | null;
  readonly sockets: ReadonlyMap<string, number>;
}

/** Between two looks at the site's machines. */
const refreshMs = 2_000;
/** A server that did not answer three searches is gone. */
const otherServerGoneMs = 35 * 60_000;
const housekeepingMs = 10 * 60_000;

/** The boot service of a site, with the database behind it. */
export async function serveMetalSite(
  deps: ServeMetalDeps,
  site: Pick<SiteRow, 'id' | 'name'>,
  configuration: MetalConfiguration,
): Promise<{ close(): Promise<void> }> {
  const { db, secrets, log } = deps;
  const actor = `worker:${deps.worker}`;
  const machines = openMachineStore(db, { deadlines: configuration.deadlineMinutes });
  const shown = new Set<string>();
  let telling: Promise<void> = Promise.resolve();
  /** One after the other, so that the end of a problem never overtakes its beginning. */
  const problem = (code: SiteServiceProblem, subject: string, message: string | null): void => {
    const key = `${code} ${subject}`;
    if (message === null && shown.has(`over ${key}`)) return;
    const about = { siteId: site.id, code, subject, actor };
    telling = telling
      .then(async () => {
        await db.transaction((tx) =>
          message === null ? endSiteProblem(tx, about) : reportSiteProblem(tx, { ...about, message }),
        );
        if (message === null) shown.add(`over ${key}`);
        else shown.delete(`over ${key}`);
      })
      .catch((error: unknown) => {
        log.warn({ site: site.name, code, subject, error: String(error) }, 'a problem of the site was not kept');
      });
  };
  const service = await serveSite({
    siteId: site.id,
    configuration,
    dataDirectory: deps.dataDirectory,
    user: deps.user,
    sockets: deps.sockets,
    signingKey: await siteSigningKey(secrets, site.id),
    machines,
    sessions: openBootSessions(db),
    reveal: async (value) =>
      revealTaskBody(
        (await revealSecrets(secrets, value)).value,
        async (text) => (await secrets.refer(siteScope(site.id), 'machines', text)).$secret.digest,
      ),
    readLeases: () => readDhcpLeases(db, site.id),
    writeLeases: (batch) => writeDhcpLeases(db, site.id, batch),
    log: (piece) => appendMachineLog(db, piece),
    notice: createNotices({ db, log, siteId: site.id, actor }),
    problem,
    say: (message, fields) => log.info({ site: site.name, ...fields }, message),
    actor,
  });
  const stop = new AbortController();
  const working = [
    every(refreshMs, stop.signal, log, async () => {
      const known = await machines.list({ siteId: site.id });
      await service.refresh(known.filter(({ siteId }: Machine) => siteId === site.id));
    }),
    every(housekeepingMs, stop.signal, log, async () => {
      await forgetOldBootSessions(db, site.id);
      const about = { siteId: site.id, code: 'other-dhcp-server', afterMs: otherServerGoneMs, actor };
      await db.transaction((tx) => forgetUnseenProblems(tx, about));
    }),
  ];
  return {
    close: async () => {
      stop.abort();
      await Promise.all(working);
      await service.close();
      await telling;
    },
  };
}

async function every(ms: number, signal: AbortSignal, log: Log, work: () => Promise<void>): Promise<void> {
  let fails = false;
  while (!signal.aborted) {
    try {
      await work();
      fails = false;
    } catch (error) {
      // Once for each time that it begins to fail: the database may be away for hours.
      if (!fails) log.warn({ error: String(error) }, 'looking after the site failed; it is tried again');
      fails = true;
    }
    await delay(ms, undefined, { signal }).catch(() => undefined);
  }
}
