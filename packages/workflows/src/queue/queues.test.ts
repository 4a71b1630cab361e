import { FormworkError } from '@formwork/core';
import { expect, it } from 'vitest';
import { jobData, jobIdOf } from './job.ts';
import { openQueues } from './queues.ts';

const log = { info: () => {}, warn: () => {}, error: () => {} };
// Port 1 is never listened on.
const nowhere = {
  redisUrl: 'redis://127.0.0.1:1',
  databaseUrl: 'postgresql://127.0.0.1:1/x',
  jobSchema: jobData,
  log,
};

it('opens without its Redis and says so when it is asked to add or to answer', async () => {
  const queues = await openQueues({ ...nowhere, addTimeoutMs: 300 });
  const data = { nodeRoleId: '7f4ea4f6-66f5-4c31-8a30-0e4ab4f6b3a1', dispatch: 3 };
  await expect(queues.add('site', [{ id: jobIdOf(data), data }])).rejects.toMatchObject({
    kind: 'retryable',
    code: 'queue-unavailable',
  });
  await expect(queues.ping(300)).rejects.toBeInstanceOf(FormworkError);
  await queues.close({ graceMs: 0 });
});

it('refuses to open without its database when there is no Redis', async () => {
  await expect(openQueues({ ...nowhere, redisUrl: null })).rejects.toThrow();
});

it('names a job after its node-role and dispatch', () => {
  expect(jobIdOf({ nodeRoleId: 'a', dispatch: 7 })).toBe('a-7');
});
