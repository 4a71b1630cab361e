import { FormworkError } from '@formwork/core';
import { z } from 'zod';

/** What a job carries: ids only, the truth is in the database. `dispatch` counts every enqueue of one node-role. */
export const jobData = z.object({
  nodeRoleId: z.uuid(),
  dispatch: z.int().nonnegative(),
});

export type JobData = z.infer<typeof jobData>;

/**
 * The queue's id of one dispatch: `<nodeRoleId>-<dispatch>`. An add whose id is still known is dropped by the queue,
 * so the same dispatch is never queued twice.
 */
export const jobIdOf = (data: JobData): string => `${data.nodeRoleId}-${data.dispatch}`;

/** BullMQ joins its own keys with ':', so it refuses one inside an id or a name; said here before it travels. */
export function checkName(kind: 'queue' | 'job id', name: string): string {
  if (name.length === 0 || name.includes(':')) {
    throw new FormworkError(
      'invalid',
      'queue-name',
      `a ${kind} must not be empty nor hold ':', got ${JSON.stringify(name)}`,
    );
  }
  return name;
}
