import { Command } from 'commander';
import type { Io } from '../io.ts';
import { getCommand } from './get.ts';
import { packLintCommand } from './pack-lint.ts';
import { packUploadCommand } from './pack-upload.ts';

export function packCommand(io: Io): Command {
  return new Command('pack')
    .description('content packs: roles and workflows as data')
    .addCommand(packLintCommand(io))
    .addCommand(packUploadCommand(io))
    .addCommand(getCommand(io, 'packs').name('list').description('list the stored packs'));
}
