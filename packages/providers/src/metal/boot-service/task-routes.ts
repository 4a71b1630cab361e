import { gunzipSync } from 'node:zlib';
import {
  type BootSession,
  imageWritten,
  isJsonObject,
  type Json,
  type JsonObject,
  type MachineTask,
} from '@formwork/core';
import { readProgress, readResult } from '../agent/agent-bodies.ts';
import { empty, octets, refuse } from '../agent/answers.ts';
import type { Decided } from '../http-boot/listener/messages.ts';
import type { BootServiceDeps } from './deps.ts';

/** When an agent without a task asks again, seconds. */
const retryAfterSeconds = 5;
/** Of a seed: a small file system. */
const mostSeedBytes = 16 * 2 ** 20;

/** The next task as signed octets; 204 when there is none. */
export async function giveTask(deps: BootServiceDeps, { id, machineId }: BootSession): Promise<Decided> {
  const task = await deps.machines.nextTask(machineId, id);
  if (task === null) return empty({ 'Retry-After': String(retryAfterSeconds) });
  const document = Buffer.from(JSON.stringify(await taskDocument(deps, task, id)));
  return octets(200, document, {
    'Content-Type': 'application/json',
    'Formwork-Task-Id': task.id,
    'Formwork-Task-Signature': deps.sign(document),
  });
}

/** What is signed. The seed is fetched for itself: its digest is in the body. */
async function taskDocument(deps: BootServiceDeps, task: MachineTask, session: string): Promise<JsonObject> {
  const body = Object.fromEntries(Object.entries(task.body).filter(([name]) => name !== seedField));
  const revealed = await deps.reveal(body);
  if (!isJsonObject(revealed)) throw new TypeError('what was an object is one no more');
  return {
    ...revealed,
    id: task.id,
    machine: task.machineId,
    session,
    notAfter: Math.floor(task.notAfterMs / 1000),
    kind: task.kind,
  };
}

export async function takeProgress(
  { machines }: BootServiceDeps,
  { machineId }: BootSession,
  taskId: string,
  body: Uint8Array,
): Promise<Decided> {
  const progress = readProgress(body);
  if (progress === null) return refuse('bad-request', 'progress is {percent, message}');
  return (await machines.taskProgress(machineId, taskId, progress)) ? empty() : refuse('not-found');
}

/** A result that comes again changes nothing, and is answered like the first. */
export async function takeResult(
  { machines, actor }: BootServiceDeps,
  { machineId }: BootSession,
  taskId: string,
  body: Uint8Array,
): Promise<Decided> {
  const result = readResult(body);
  if (result === null) return refuse('bad-request', 'a result is {ok, code, message, outputs}');
  const task = await machines.finishTask(machineId, taskId, result);
  if (task === null) return refuse('not-found');
  // From here on it boots its own disk. Also when this comes again: the first time may have ended before it got here.
  if (task.kind === 'write-image' && task.state === 'done') await machines.update(machineId, imageWritten, { actor });
  return empty();
}

/** An image, while a task of this machine that was given to this session names it. */
export async function giveImage(deps: BootServiceDeps, session: BootSession, name: string): Promise<Decided> {
  const tasks = await givenTasks(deps, session);
  return tasks.some(({ body }) => body['image'] === name) ? { kind: 'image', path: name } : refuse('not-yours');
}

const seedField = 'firstBootSeed';

/** The seed of a task's image, as it is to be written; the task holds it as a secret: base64 of its gzip. */
export async function giveSeed(deps: BootServiceDeps, session: BootSession, taskId: string): Promise<Decided> {
  const task = (await givenTasks(deps, session)).find(({ id }) => id === taskId);
  const sealed: Json | undefined = task?.body[seedField];
  if (sealed === undefined) return refuse('not-yours');
  const revealed = await deps.reveal(sealed);
  if (typeof revealed !== 'string') return refuse('not-found');
  const seed = gunzipSync(Buffer.from(revealed, 'base64'), { maxOutputLength: mostSeedBytes });
  return octets(200, seed, { 'Content-Type': 'application/octet-stream' });
}

async function givenTasks({ machines }: BootServiceDeps, session: BootSession): Promise<readonly MachineTask[]> {
  const tasks = await machines.tasks(session.machineId);
  return tasks.filter((task) => task.state === 'given' && task.session === session.id);
}
