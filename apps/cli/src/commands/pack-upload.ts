import { execFile } from 'node:child_process';
import { readFile, stat } from 'node:fs/promises';
import { promisify } from 'node:util';
import { FormworkError } from '@formwork/api';
import type { Command } from 'commander';
import { apiCommand } from '../command-options.ts';
import type { Io } from '../io.ts';
import { openSession } from '../session.ts';

export function packUploadCommand(io: Io): Command {
  return apiCommand('upload', 'store a pack on the server; its scripts will run as root on nodes')
    .argument('<directory-or-archive>', "the pack's folder, or a .tar or .tar.gz of it")
    .action(async (place: string, given: unknown) => {
      const session = await openSession(io, given);
      const body = await readArchive(place);
      const pack = await session.client.call('uploadPack', { body, timeoutMs: 120_000 });
      session.print(pack, `pack ${pack.name} ${pack.version} stored: ${pack.roles.join(', ')}\n`, pack.name);
    });
}

/** The bytes of an archive, made by tar from a folder. */
async function readArchive(place: string): Promise<Uint8Array> {
  const found = await stat(place).catch(() => null);
  if (found === null) throw new FormworkError('invalid', 'unreadable-file', `there is no ${place}`);
  if (!found.isDirectory()) return readFile(place);
  const { stdout } = await promisify(execFile)(
    'tar',
    ['-c', '-z', '-f', '-', '--exclude=.git', '--exclude=node_modules', '-C', place, '.'],
    { encoding: 'buffer', maxBuffer: 64 * 1024 * 1024, timeout: 60_000 },
  );
  return stdout;
}
