import { parseArgs } from 'node:util';
import { z } from 'zod';

export const usage = `usage: npm run test:faults -- [--long] [--seed N] [--rounds N] [--only SCENARIO[,SCENARIO...]]
                              [--queue postgres|redis] [--full] [--list]
  --long     200 rounds; else each scenario once, so that the whole takes a few minutes
  --seed     of the first round; each further round has the next number
  --rounds   how many
  --only     draws from these scenarios alone
  --queue    else both take turns
  --full     the scenario load in its full size, which --long has for its first one
  --list     names the scenarios and ends`;

const whole = z.coerce.number().int();

const schema = z.object({
  long: z.boolean().default(false),
  full: z.boolean().default(false),
  list: z.boolean().default(false),
  seed: whole
    .min(0)
    .max(2 ** 31)
    .optional(),
  rounds: whole.min(1).optional(),
  only: z
    .array(z.string())
    .default([])
    .transform((lists) => lists.flatMap((list) => list.split(',')).filter((name) => name !== '')),
  queue: z.enum(['postgres', 'redis']).optional(),
});

export type Arguments = z.output<typeof schema>;

/** Throws with what is wrong, in words for the terminal. */
export function parseArguments(argv: readonly string[]): Arguments {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      long: { type: 'boolean' },
      full: { type: 'boolean' },
      list: { type: 'boolean' },
      seed: { type: 'string' },
      rounds: { type: 'string' },
      only: { type: 'string', multiple: true },
      queue: { type: 'string' },
    },
  });
  const parsed = schema.safeParse(values);
  if (parsed.success) return parsed.data;
  throw new Error(parsed.error.issues.map((issue) => `--${issue.path.join('.')}: ${issue.message}`).join('\n'));
}
