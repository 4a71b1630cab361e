import { z } from 'zod';

/** Offsets count bytes of the attempt's log as the node wrote it, from 0. */
export const logSchema = z
  .object({
    attempt: z.int(),
    offset: z.int(),
    nextOffset: z.int(),
    text: z.string(),
    ended: z.boolean().describe('The attempt is over and nothing follows `nextOffset`.'),
    skippedBytes: z.int().describe('Bytes between the kept head and tail that were dropped before `offset`.'),
  })
  .meta({ id: 'Log' });
export type LogResponse = z.output<typeof logSchema>;

/** Data of the SSE event `log`; its id is `<attempt>:<nextOffset>`. */
export const logChunkSchema = z
  .object({ attempt: z.int(), offset: z.int(), nextOffset: z.int(), text: z.string() })
  .meta({ id: 'LogChunk' });

/** Data of the SSE event `end`: the node-role has come to rest; nothing follows. */
export const logEndSchema = z.object({ attempt: z.int(), state: z.string() }).meta({ id: 'LogEnd' });
