import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { z } from 'zod';
import { start } from './tftp-network.js';
const program = path.resolve(import.meta.dirname, '../../packages/providers/src/metal/tftp/main.ts');
const transferLine = z.looseObject({
  event: z.literal('transfer'),
  name: z.string(),
  outcome: z.looseObject({ kind: z.string() }),
  blockSize: z.number().nullable(),
  windowSize: z.number().nullable(),
  resentBlocks: z.number(),
});
/** Our TFTP server as a process, behind `prefix`, with what it reports of its transfers. */
export async function startTftpProcess(prefix, directory, configuration) {
  const file = path.join(directory, 'tftp.json');
  writeFileSync(file, JSON.stringify(configuration));
  const command = [...prefix, process.execPath, '--conditions=formwork-source', '--import', 'tsx', program, file];
  const child = start(command, { stdio: ['ignore', 'pipe', 'pipe'] });
  const transfers = [];
  const other = [];
  if (child.stdout === null || child.stderr === null) throw new Error('the server has no output');
  createInterface({ input: child.stderr }).on('line', (line) => {
    const parsed = transferLine.safeParse(line.startsWith('{') ? JSON.parse(line) : null);
    if (parsed.success) transfers.push(parsed.data);
    else other.push(line);
  });
  await once(createInterface({ input: child.stdout }), 'line', { signal: AbortSignal.timeout(30_000) }).catch(() => {
    throw new Error(`the server did not start: ${other.join(' ')}`);
  });
  return {
    transfers,
    stop: async () => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const gone = once(child, 'exit');
      child.kill('SIGTERM');
      const timer = setTimeout(() => child.kill('SIGKILL'), 5_000);
      await gone;
      clearTimeout(timer);
    },
  };
}
//# sourceMappingURL=tftp-server.js.map
