import type { Command } from 'commander';
import { apiCommand } from '../command-options.ts';
import type { Io } from '../io.ts';
import { openSession } from '../session.ts';

const steering = [
  { name: 'pause', operation: 'pauseRun', description: 'start nothing new in the live run; what runs goes on' },
  { name: 'resume', operation: 'resumeRun', description: 'let a paused run go on' },
  { name: 'cancel', operation: 'cancelRun', description: 'end the live run; what runs is aborted' },
] as const;

/** `pause`, `resume` and `cancel`: one request each. */
export function steerCommands(io: Io): readonly Command[] {
  return steering.map(({ name, operation, description }) =>
    apiCommand(name, description)
      .argument('<deployment>')
      .action(async (deployment: string, given: unknown) => {
        const session = await openSession(io, given);
        const run = await session.client.call(operation, { params: { name: deployment } });
        session.print(run, `run ${run.id} ${run.state}\n`, run.id);
      }),
  );
}
