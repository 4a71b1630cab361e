import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';
import type { CpuGroup } from '../support/cpu-group.ts';
import { type Cost, measure } from '../support/measure.ts';

/** Longest time for one command of Terraform, milliseconds. */
const timeoutMs = 900_000;

/** Runs Terraform in a folder, offline, with nobody's configuration, counting its CPU. Throws when it fails. */
export async function terraform(group: CpuGroup, folder: string, ...args: readonly string[]): Promise<Cost> {
  const [command = '', ...rest]: readonly string[] = [...group.prefix, 'terraform', ...args, '-no-color'];
  const env = {
    PATH: process.env['PATH'] ?? '',
    HOME: folder,
    TF_CLI_CONFIG_FILE: path.join(folder, 'empty.tfrc'),
    CHECKPOINT_DISABLE: '1',
    TF_IN_AUTOMATION: '1',
  };
  return measure(group, () =>
    promisify(execFile)(command, rest, { cwd: folder, env, timeout: timeoutMs, maxBuffer: 256 * 2 ** 20 }),
  );
}
