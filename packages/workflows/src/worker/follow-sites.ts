import { beatMs, type Database, type Log, openSignal } from '@formwork/db';

export interface FollowSitesDeps {
  readonly db: Database;
  readonly log: Log;
  /** Channels that tell of something; of sites among them. */
  readonly channels: readonly string[];
  /** Reads the sites and acts upon them. One at a time. */
  readonly follow: () => Promise<void>;
  /** Says that this worker is there. */
  readonly announce: () => Promise<void>;
  /** What is followed, for the log: `the sites`. */
  readonly what: string;
  /** Answers whether it has dealt with a notification itself; the sites are read otherwise. */
  readonly hear?: (channel: string, payload: string) => boolean;
}

export interface FollowedSites {
  /** No look begins any more. */
  stop(): Promise<void>;
  /** Resolves when the last look is over. */
  settled(): Promise<void>;
}

/** Announces and looks at once, with each beat, and when something is told. Rejects when the first time fails. */
export async function followSites(deps: FollowSitesDeps): Promise<FollowedSites> {
  let following: Promise<void> = Promise.resolve();
  const followSoon = (): void => {
    following = following.then(deps.follow).catch((error: unknown) => {
      deps.log.warn({ error: String(error) }, `reading ${deps.what} failed; it is tried again with the next beat`);
    });
  };
  await deps.announce();
  await deps.follow();
  const signal = openSignal(
    deps.db,
    deps.channels,
    (message) => {
      if (message === undefined || deps.hear?.(message.channel, message.payload ?? '') !== true) followSoon();
    },
    deps.log,
  );
  const timer = setInterval(() => {
    deps.announce().catch((error: unknown) => {
      deps.log.warn({ error: String(error) }, 'announcing this worker failed');
    });
    followSoon();
  }, beatMs);
  return {
    async stop() {
      clearInterval(timer);
      await signal.close();
    },
    settled: () => following,
  };
}
