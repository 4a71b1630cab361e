import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { Database } from '@formwork/db';
import { z } from 'zod';

const machineSchema = z.object({ key: z.string(), name: z.string(), tags: z.object({ nodeId: z.string() }) });

/** Machines that a simulated site has, by its files. */
function machinesOf(siteDirectory: string): readonly z.output<typeof machineSchema>[] {
  const directory = path.join(siteDirectory, 'machines');
  if (!existsSync(directory)) return [];
  return readdirSync(directory)
    .filter((name) => /^[0-9a-f]{32}\.json$/.test(name))
    .map((name) => machineSchema.parse(JSON.parse(readFileSync(path.join(directory, name), 'utf8'))));
}

/** Every machine is some living node's and that node's only one; every ready node has one; each was announced first. */
export async function brokenMachines(db: Database, siteId: string, siteDirectory: string): Promise<readonly string[]> {
  const found: string[] = [];
  const nodes = await db.query<{ id: string; name: string; state: string }>(
    'SELECT id, name, state FROM nodes WHERE site_id = $1',
    [siteId],
  );
  const intents = new Set((await db.query<{ key: string }>('SELECT key FROM create_intents')).map(({ key }) => key));
  const living = new Map(nodes.filter((node) => node.state !== 'destroyed').map((node) => [node.id, node]));
  const count = new Map<string, number>();
  for (const { key, name, tags } of machinesOf(siteDirectory)) {
    count.set(tags.nodeId, (count.get(tags.nodeId) ?? 0) + 1);
    if (!living.has(tags.nodeId)) found.push(`the machine ${name} is an orphan`);
    if (!intents.has(key)) found.push(`the machine ${name} was made without having been announced`);
  }
  for (const { id, name, state } of living.values()) {
    const machines = count.get(id) ?? 0;
    if (machines > 1) found.push(`${name} has ${machines} machines`);
    if (machines === 0 && state === 'ready') found.push(`${name} is ready and has no machine`);
  }
  return found;
}
