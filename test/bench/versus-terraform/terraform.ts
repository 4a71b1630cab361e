import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';
import type { CpuGroup } from '../support/cpu-group.ts';
import { type Cost, measure } from '../support/measure.ts';

/** Longest time for one command of Terraform, milliseconds. */
const timeoutMs = 900_000;

/** What a command cost; of one that was ended before its time, what it had cost by then. */
export interface TerraformCost extends Cost {
  readonly ended: boolean;
}

/**
 * Runs Terraform in a folder, offline, with nobody's configuration, counting its CPU. Throws when it fails; one that takes
 * longer than `enoughMs` is killed.
 */
export async function terraform(
  group: CpuGroup,
  folder: string,
  args: readonly string[],
  enoughMs: number = timeoutMs,
): Promise<TerraformCost> {
  const [command = '', ...rest]: readonly string[] = [...group.prefix, 'terraform', ...args, '-no-color'];
  const env = {
    PATH: process.env['PATH'] ?? '',
    HOME: folder,
    TF_CLI_CONFIG_FILE: path.join(folder, 'empty.tfrc'),
    CHECKPOINT_DISABLE: '1',
    TF_IN_AUTOMATION: '1',
  };
  const options = { cwd: folder, env, timeout: enoughMs, killSignal: 'SIGKILL', maxBuffer: 256 * 2 ** 20 } as const;
  const { result: ended, ...cost } = await measure(group, () =>
    promisify(execFile)(command, rest, options).then(
      () => true,
      (error: unknown) => {
        const killed = error instanceof Error && 'killed' in error && error.killed === true;
        if (!killed || enoughMs === timeoutMs) throw error;
        // Its children go with the group.
        group.end();
        return false;
      },
    ),
  );
  return { ...cost, ended };
}
