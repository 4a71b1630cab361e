/** The scheduler as the server runs it, in a process of its own so that a test can kill it. */
import { randomUUID } from 'node:crypto';
import { openDatabase, openEventFeed } from '@formwork/db';
import { providerNamed } from '@formwork/providers';
import {
  openContentStore,
  openOutboxSender,
  openQueues,
  siteViewOf,
  startScheduler,
  workJob,
} from '@formwork/workflows';
import { quiet as log } from './quiet.ts';

const databaseUrl = process.env['DATABASE_URL'] ?? '';
const db = openDatabase({ url: databaseUrl, log });
const queues = await openQueues({ redisUrl: process.env['REDIS_URL'] ?? null, databaseUrl, jobSchema: workJob, log });
const scheduler = startScheduler({
  db,
  feed: await openEventFeed(db, log),
  content: openContentStore(db),
  siteView: siteViewOf((provider) => providerNamed(provider).descriptor),
  outbox: openOutboxSender({ db, queues }),
  newId: randomUUID,
  now: Date.now,
  log,
});
console.log('the scheduler is ready');
process.once('SIGTERM', () => {
  void scheduler.close().then(() => process.exit(0));
});
