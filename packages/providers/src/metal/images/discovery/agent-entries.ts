import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { CpioEntry } from '../archive/cpio.ts';

/** The agent's files are no TypeScript: they are taken from the package's folder, by sources and by a build alike. */
export const agentDirectory = fileURLToPath(new URL('../../../../discovery-agent/', import.meta.url));

/** Every file of the agent at its place in the image. What ends in `.md` is for readers. */
export async function agentEntries(directory: string = agentDirectory): Promise<readonly CpioEntry[]> {
  const entries: CpioEntry[] = [];
  for (const path of (await readdir(directory, { recursive: true })).sort()) {
    const file = join(directory, path);
    if (path.endsWith('.md') || !(await stat(file)).isFile()) continue;
    const data = await readFile(file);
    // A checkout may have lost the bit; what begins with #! is to be run.
    entries.push({ kind: 'file', path, mode: data.subarray(0, 2).toString() === '#!' ? 0o755 : 0o644, data });
  }
  return entries;
}
