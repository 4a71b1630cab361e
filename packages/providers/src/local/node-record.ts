/**
 * What a node is on disk. Its directory is made with the record in it, before anything else of the node, and goes
 * after everything else, so that whatever exists of a node can be found from here.
 *
 *     record.json   request, driver, address        prepared     the first start's files are written
 *     removing      destroyNode was called           power        'off': switched off by us
 *     exit          how the last run ended           started      it has been started at least once
 *     console.log   PID 1's output                   host-key, host-key.pub
 *     upper/ work/ merged/ volumes/                  the overlay; below disk/ when it has its own disk.img
 */
import { randomUUID } from 'node:crypto';
import { access, mkdir, readFile, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { OwnerTags } from '../contract.ts';
import type { NodeNames } from './names.ts';

const recordSchema = z.object({
  version: z.literal(1),
  driver: z.enum(['nspawn', 'docker', 'plain']),
  tags: z.object({ siteId: z.string(), deploymentId: z.string(), nodeId: z.string(), incarnation: z.number() }),
  key: z.string(),
  name: z.string(),
  image: z.string(),
  /** Null: no limit asked for. */
  cpus: z.number().nullable(),
  memoryGib: z.number().nullable(),
  diskGib: z.number().nullable(),
  capabilities: z.array(z.string()),
  sshPublicKey: z.string(),
  user: z.enum(['root', 'formwork']),
  /** On the bridge; with docker what Docker gave is asked for each time. */
  address: z.string(),
  mac: z.string(),
});

export type NodeRecord = z.infer<typeof recordSchema>;
export type DriverName = NodeRecord['driver'];

/** Marks are files whose being there is the information; some hold a word. */
export type Mark = 'removing' | 'power' | 'exit' | 'started' | 'prepared';

/** One node of this host: where it is and what it was asked to be. */
export interface LocalNode {
  readonly names: NodeNames;
  readonly directory: string;
  readonly record: NodeRecord;
}

export const sameTags = (a: OwnerTags, b: OwnerTags): boolean =>
  a.siteId === b.siteId &&
  a.deploymentId === b.deploymentId &&
  a.nodeId === b.nodeId &&
  a.incarnation === b.incarnation;

export const nodeDirectory = (nodes: string, names: NodeNames): string => join(nodes, names.tag);

/** Null when there is none. A record that cannot be read is an error: something of the node may exist. */
export async function readRecord(directory: string): Promise<NodeRecord | null> {
  const text = await readText(join(directory, 'record.json'));
  return text === null ? null : recordSchema.parse(JSON.parse(text));
}

/** Makes the directory and the record in it at once, by a rename. */
export async function writeRecord(directory: string, record: NodeRecord): Promise<void> {
  const fresh = `${directory}.${randomUUID()}.new`;
  await mkdir(fresh, { recursive: true, mode: 0o700 });
  try {
    await writeFile(join(fresh, 'record.json'), `${JSON.stringify(record, null, 2)}\n`, { mode: 0o600, flush: true });
    await rename(fresh, directory);
  } finally {
    await rm(fresh, { recursive: true, force: true });
  }
}

export async function listRecords(nodes: string): Promise<readonly { tag: string; record: NodeRecord }[]> {
  const entries = await readdir(nodes).catch((error: unknown) => {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
    throw error;
  });
  const found = await Promise.all(
    entries
      .filter((entry) => !entry.endsWith('.new'))
      .map(async (tag) => ({ tag, record: await readRecord(join(nodes, tag)) })),
  );
  return found.flatMap(({ tag, record }) => (record === null ? [] : [{ tag, record }]));
}

/** The mark's text; null when it is not set. */
export async function readMark(directory: string, mark: Mark): Promise<string | null> {
  return (await readText(join(directory, mark)))?.trim() ?? null;
}

export async function setMark(directory: string, mark: Mark, text = ''): Promise<void> {
  const file = join(directory, mark);
  await writeFile(`${file}.new`, text);
  await rename(`${file}.new`, file);
}

export const clearMark = (directory: string, mark: Mark): Promise<void> => rm(join(directory, mark), { force: true });

export async function exists(path: string): Promise<boolean> {
  return await access(path).then(
    () => true,
    () => false,
  );
}

export async function readText(file: string): Promise<string | null> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR')) return null;
    throw error;
  }
}
