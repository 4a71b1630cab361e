import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';

const lineSchema = z.object({
  event: z.enum(['call', 'end']),
  atMs: z.number(),
  nodeId: z.string(),
  role: z.string(),
  attempt: z.number(),
  startedAtMs: z.number(),
  untilMs: z.number(),
  outcome: z.string().nullable(),
});

/** One attempt of one role on one simulated node, as the node saw it. */
export interface Execution {
  readonly nodeId: string;
  readonly role: string;
  readonly attempt: number;
  /** Every moment at which it was started; milliseconds since the epoch. A worker that attaches names the first. */
  readonly starts: readonly number[];
  /** When its process was over: by what it answered, else by its own length. */
  readonly endedAtMs: number;
  readonly outcomes: readonly string[];
}

/** All executions that the site below this directory ever saw, whichever worker asked. */
export function readExecutions(siteDirectory: string): readonly Execution[] {
  const directory = path.join(siteDirectory, 'ledger');
  if (!existsSync(directory)) return [];
  const groups = new Map<string, z.output<typeof lineSchema>[]>();
  for (const file of readdirSync(directory)) {
    // A last line cut off by a kill is left out.
    for (const text of readFileSync(path.join(directory, file), 'utf8').split('\n').slice(0, -1)) {
      const line = lineSchema.parse(JSON.parse(text));
      const name = JSON.stringify([line.nodeId, line.role, line.attempt]);
      groups.set(name, [...(groups.get(name) ?? []), line]);
    }
  }
  return [...groups.values()].flatMap((lines) => {
    const [first] = lines;
    if (first === undefined) return [];
    const answers = lines.filter(
      (line) => line.event === 'end' && line.outcome !== 'not-yet' && line.outcome !== 'reboot',
    );
    return [
      {
        nodeId: first.nodeId,
        role: first.role,
        attempt: first.attempt,
        starts: [...new Set(lines.map((line) => line.startedAtMs))].sort((a, b) => a - b),
        endedAtMs: Math.min(...lines.map((line) => line.untilMs), ...answers.map((line) => line.atMs)),
        outcomes: answers.flatMap((line) => line.outcome ?? []),
      },
    ];
  });
}
