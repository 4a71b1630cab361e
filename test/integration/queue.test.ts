import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Log } from '@formwork/db';
import { type JobData, jobData, jobIdOf, openQueues, type Queues } from '@formwork/workflows';
import { Redis } from 'ioredis';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { startTestDatabase, type TestDatabase } from '../support/database.ts';
import { startTestRedis, type TestRedis } from '../support/redis.ts';

const onRedis = process.env['FORMWORK_TEST_QUEUE'] === 'redis';
const log: Log = { info: () => {}, warn: () => {}, error: () => {} };

let database: TestDatabase;
let redis: TestRedis | undefined;
let open: Queues<JobData>[] = [];

beforeAll(async () => {
  database = await startTestDatabase();
  redis = onRedis ? await startTestRedis() : undefined;
});
afterEach(async () => {
  await Promise.all(open.map((queues) => queues.close({ graceMs: 1_000 })));
  open = [];
});
afterAll(async () => {
  await redis?.stop();
  await database.stop();
});

async function newQueues(
  options: { addTimeoutMs?: number; log?: Log; stall?: { lockMs: number; checkMs: number } } = {},
): Promise<Queues<JobData>> {
  const queues = await openQueues({
    redisUrl: redis?.url ?? null,
    databaseUrl: database.url,
    jobSchema: jobData,
    log,
    ...options,
  });
  open.push(queues);
  return queues;
}
const job = (dispatch = 0, nodeRoleId = randomUUID()) => {
  const data = { nodeRoleId, dispatch };
  return { id: jobIdOf(data), data };
};
const newName = () => `site-${randomUUID()}`;

async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await sleep(10);
}
/** Adds until the queue takes it, as the outbox does. */
async function addAgain(queues: Queues<JobData>, name: string, jobs: ReturnType<typeof job>[]): Promise<void> {
  for (;;) {
    try {
      await queues.add(name, jobs);
      return;
    } catch (error) {
      expect(error).toMatchObject({ kind: 'retryable', code: 'queue-unavailable' });
      await sleep(100);
    }
  }
}

async function killServer(): Promise<void> {
  if (redis !== undefined) return redis.kill();
  const pid = database.postgres.pid();
  if (pid !== undefined) process.kill(pid, 'SIGKILL');
}
async function restartServer(): Promise<void> {
  if (redis !== undefined) return redis.restart();
  // The supervisor restarts it by itself.
  await until(async () => {
    const client = new pg.Client({ connectionString: database.url });
    client.on('error', () => {});
    return client
      .connect()
      .then(() => client.end())
      .then(
        () => true,
        () => false,
      );
  });
}
async function emptyServer(): Promise<void> {
  if (redis !== undefined) {
    const client = new Redis(redis.url);
    await client.flushall();
    await client.quit();
    return;
  }
  const client = new pg.Client({ connectionString: database.url });
  await client.connect();
  await client.query('DELETE FROM bullmq.job');
  await client.end();
}
async function countKeptJobs(name: string): Promise<number> {
  if (redis !== undefined) {
    const client = new Redis(redis.url);
    const keys = await client.keys(`bull:${name}:????????-????-*`);
    await client.quit();
    return keys.length;
  }
  const client = new pg.Client({ connectionString: database.url });
  await client.connect();
  const { rowCount } = await client.query('SELECT 1 FROM bullmq.job WHERE queue = $1', [name]);
  await client.end();
  return rowCount ?? 0;
}

it('runs on the backend that was asked for', async () => {
  const queues = await newQueues();
  expect(queues.backend).toBe(onRedis ? 'redis' : 'postgres');
  await queues.ping();
});

it('runs every job once, over two workers, and keeps nothing of them', async () => {
  const name = newName();
  const [one, two] = [await newQueues(), await newQueues()];
  const seen: string[] = [];
  for (const queues of [one, two]) {
    queues.work(name, 10, (data) => {
      seen.push(jobIdOf(data));
      return Promise.resolve();
    });
  }
  const jobs = Array.from({ length: 1_500 }, (_, index) => job(index));
  await one.add(name, jobs);
  await until(() => seen.length >= jobs.length);
  await until(async () => (await countKeptJobs(name)) === 0);
  expect(seen.toSorted()).toEqual(jobs.map(({ id }) => id).toSorted());
});

it('drops an add whose id is still queued, and takes the next dispatch of the same node-role', async () => {
  const name = newName();
  const queues = await newQueues();
  const first = job(1);
  await queues.add(name, [first]);
  await queues.add(name, [first]);
  await queues.add(name, [job(2, first.data.nodeRoleId)]);
  const dispatches: number[] = [];
  queues.work(name, 1, (data) => {
    dispatches.push(data.dispatch);
    return Promise.resolve();
  });
  await until(() => dispatches.length === 2);
  await until(async () => (await countKeptJobs(name)) === 0);
  expect(dispatches).toEqual([1, 2]);
});

it('refuses a name or an id with a colon, and data that is not a job', async () => {
  const queues = await newQueues();
  const good = job();
  await expect(queues.add('a:b', [good])).rejects.toMatchObject({ kind: 'invalid' });
  await expect(queues.add('a', [{ ...good, id: 'a:b' }])).rejects.toMatchObject({ kind: 'invalid' });
  await expect(queues.add('a', [{ id: 'x', data: { nodeRoleId: 'no', dispatch: 1 } }])).rejects.toThrow();
});

it('goes on after a handler that throws, and forgets its job', async () => {
  const name = newName();
  const errors: unknown[] = [];
  const queues = await newQueues({ log: { ...log, error: (fields) => errors.push(fields) } });
  let calls = 0;
  queues.work(name, 1, () => {
    calls += 1;
    return calls === 1 ? Promise.reject(new Error('broken')) : Promise.resolve();
  });
  const [bad, good] = [job(), job()];
  await queues.add(name, [bad]);
  await until(() => calls === 1);
  await queues.add(name, [good]);
  await until(() => calls === 2);
  await until(async () => (await countKeptJobs(name)) === 0);
  expect(errors).toMatchObject([{ queue: name, jobId: bad.id, error: 'broken' }]);
});

it('takes nothing while paused and goes on when resumed', async () => {
  const name = newName();
  const queues = await newQueues();
  let calls = 0;
  const worker = queues.work(name, 5, () => {
    calls += 1;
    return Promise.resolve();
  });
  await worker.ready();
  await worker.pause();
  // What was being fetched when it paused may still run; after that the rest has to stay.
  await queues.add(name, [job(), job()]);
  await sleep(200);
  const before = calls;
  await queues.add(name, [job(), job()]);
  await sleep(200);
  expect(calls).toBe(before);
  await worker.resume();
  await until(() => calls === 4);
});

it('aborts what still runs when the grace of a close is over', async () => {
  const name = newName();
  const queues = await newQueues();
  let aborted = false;
  let running = false;
  const worker = queues.work(name, 1, (_data, signal) => {
    running = true;
    return new Promise((resolve) => {
      signal.addEventListener('abort', () => {
        aborted = true;
        resolve();
      });
    });
  });
  await queues.add(name, [job()]);
  await until(() => running);
  await worker.close({ graceMs: 100 });
  expect(aborted).toBe(true);
});

it('closes although a handler never ends', async () => {
  const name = newName();
  const queues = await newQueues();
  let running = false;
  queues.work(name, 1, () => {
    running = true;
    return new Promise(() => {});
  });
  await queues.add(name, [job()]);
  await until(() => running);
  await queues.close({ graceMs: 100 });
});

it('discards the job of a dead worker and never runs it again', async () => {
  const name = newName();
  const stall = { lockMs: 1_000, checkMs: 300 };
  const dead = await newQueues({ stall });
  let started = 0;
  dead.work(name, 1, () => {
    started += 1;
    return new Promise(() => {});
  });
  const lost = job(1);
  await dead.add(name, [lost]);
  await until(() => started === 1);
  await dead.close({ graceMs: 0 });
  const alive = await newQueues({ stall });
  const ran: string[] = [];
  alive.work(name, 1, (data) => {
    ran.push(jobIdOf(data));
    return Promise.resolve();
  });
  await until(async () => (await countKeptJobs(name)) === 0);
  const next = job(2, lost.data.nodeRoleId);
  await alive.add(name, [next]);
  await until(() => ran.includes(next.id));
  expect(ran).toEqual([next.id]);
});

it('survives its server being killed, with jobs running and queued', async () => {
  const name = newName();
  const queues = await newQueues({ addTimeoutMs: 2_000 });
  const done = new Set<string>();
  const worker = queues.work(name, 4, async (data) => {
    await sleep(20);
    done.add(jobIdOf(data));
  });
  const queued = Array.from({ length: 100 }, (_, index) => job(index));
  await queues.add(name, queued);
  await until(() => done.size > 10);
  await killServer();
  await restartServer();
  // Redis may have lost its last second: the reconcile pass adds again what the database says is not done.
  const after = job();
  await addAgain(queues, name, [after]);
  await until(async () => {
    const missing = queued.filter(({ id }) => !done.has(id));
    if (missing.length > 0)
      await addAgain(
        queues,
        name,
        missing.map(({ data }) => job(data.dispatch + 1_000, data.nodeRoleId)),
      );
    for (const { id, data } of missing) if (done.has(`${data.nodeRoleId}-${data.dispatch + 1_000}`)) done.add(id);
    await sleep(100);
    return done.has(after.id) && queued.every(({ id }) => done.has(id));
  });
  await worker.close();
});

it('starts work while its server is away and does it when that is back', async () => {
  const name = newName();
  const queues = await newQueues({ addTimeoutMs: 1_000 });
  await killServer();
  let calls = 0;
  const worker = queues.work(name, 1, () => {
    calls += 1;
    return Promise.resolve();
  });
  await restartServer();
  await worker.ready();
  await addAgain(queues, name, [job()]);
  await until(() => calls >= 1);
});

it('closes in bounded time while its server is away', async () => {
  const queues = await newQueues();
  const worker = queues.work(newName(), 1, () => Promise.resolve());
  await worker.ready();
  await killServer();
  await queues.close({ graceMs: 100 });
  await restartServer();
});

it('goes on after the queue was emptied under it', async () => {
  const name = newName();
  const queues = await newQueues();
  const done: string[] = [];
  const worker = queues.work(name, 2, (data) => {
    done.push(jobIdOf(data));
    return Promise.resolve();
  });
  await worker.ready();
  await queues.add(name, [job()]);
  await until(() => done.length === 1);
  for (let round = 2; round <= 4; round += 1) {
    await emptyServer();
    const again = job(round);
    await queues.add(name, [again]);
    await until(() => done.includes(again.id));
  }
});
