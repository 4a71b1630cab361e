import type { Database, EventFeed, Inventory, Log, SecretStore } from '@formwork/db';
import type { ContentStore, Queues, Secrets, SiteViewOf, WorkJob } from '@formwork/workflows';

/** Everything the routes need; `openServer` makes it from the environment, tests from what they have. */
export interface ServerDeps {
  readonly db: Database;
  readonly inventory: Inventory;
  readonly feed: EventFeed;
  readonly queues: Pick<Queues<WorkJob>, 'ping'>;
  readonly secretStore: SecretStore;
  readonly secrets: Secrets;
  readonly content: ContentStore;
  readonly siteView: SiteViewOf;
  readonly newId: () => string;
  readonly now: () => Date;
  readonly log: Log;
  readonly version: string;
  /** Names of the migrations this version needs. */
  readonly migrations: readonly string[];
  readonly limits: Limits;
}

export interface Limits {
  /** Requests a minute from one token or, without one, one address. */
  readonly requestsPerMinute: number;
  /** Wrong tokens a minute from one address. */
  readonly failedLoginsPerMinute: number;
  /** How long an answer may wait for a worker beyond a first sign of life, milliseconds. */
  readonly workerPatienceMs: number;
}

export const usualLimits: Limits = {
  requestsPerMinute: 12_000,
  failedLoginsPerMinute: 20,
  workerPatienceMs: 4_000,
};
