import path from 'node:path';
import { FormworkError } from '@formwork/api';
import { loadPack, loadPacks } from '@formwork/content';
import { Command } from 'commander';
import { z } from 'zod';
import { collect, readOptions } from '../command-options.ts';
import type { Io } from '../io.ts';

const optionsSchema = z.object({ with: z.array(z.string()).default([]) });

/** Needs no server: the same linter that the server refuses a pack by. */
export function packLintCommand(io: Io): Command {
  return new Command('lint')
    .description('check packs on this machine: every problem with file, line and remedy')
    .argument('<directory...>', 'folders with a pack.yaml')
    .option('--with <directory>', 'a pack they build on; without any, roles of other packs are taken on trust', collect)
    .action(async (directories: string[], given: unknown) => {
      const options = readOptions(optionsSchema, given);
      for (const line of await lint([...directories, ...options.with])) io.out.write(`${line}\n`);
    });
}

/** A line for each pack that is as it should be. Throws `pack-problems` when one is not. */
async function lint(directories: readonly string[]): Promise<readonly string[]> {
  const [first] = directories;
  const checked = first !== undefined && directories.length === 1 ? await lintOne(first) : await loadPacks(directories);
  if (checked.ok) {
    return checked.value.map(({ pack }) => {
      const parts = `${String(pack.roles.length)} roles, ${String(pack.workflows.length)} workflows, ${String(pack.profiles.length)} profiles`;
      return `${pack.name} ${pack.version}: ${parts}; no problems`;
    });
  }
  const { problems } = checked;
  const count = problems.length === 1 ? 'one problem' : `${String(problems.length)} problems`;
  throw new FormworkError('invalid', 'pack-problems', `the linter found ${count}`, { details: { problems } });
}

async function lintOne(directory: string): Promise<Awaited<ReturnType<typeof loadPacks>>> {
  const checked = await loadPack(directory);
  if (checked.ok) return { ok: true, value: [checked.value] };
  const problems = checked.problems.map((problem) => ({ ...problem, file: path.join(directory, problem.file ?? '') }));
  return { ok: false, problems };
}
