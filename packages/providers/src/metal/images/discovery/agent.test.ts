/** The agent's own scripts, run on this host against a server that checks every signature. */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { zstdCompressSync } from 'node:zlib';
import { afterEach, describe, expect, it } from 'vitest';
import { type AgentServer, startAgentServer } from '../../../../../../test/lab/agent-server/agent-server.ts';
import { until } from '../../../../../../test/support/until.ts';
import { type AgentMachine, openAgentMachine } from './testing/agent-machine.ts';

let server: AgentServer;
let machine: AgentMachine;
afterEach(async () => {
  machine.close();
  await server.close();
});

async function begin({ key = true, token = true } = {}): Promise<void> {
  server = await startAgentServer();
  const words = [`formwork.server=http://127.0.0.1:${server.port}`, 'formwork.mac=52-54-00-77-00-01'];
  machine = openAgentMachine({
    arguments: token ? [...words, `formwork.token=${server.token}`] : words,
    sitePublicKey: key ? server.sitePublicKey : null,
  });
}

const done = (task: { result: AgentServer['give'] extends (...a: never) => infer T ? T extends { result: infer R } ? R : never : never }) =>
  until('the result', task.result, (result) => result !== undefined, 20_000);
void [existsSync, readFileSync, writeFileSync, join, createHash, zstdCompressSync, describe, done];

it('claims, reports, and runs what the site has signed', async () => {
  await begin();
  machine.start();
  await until('a report', () => server.reports.length, (count) => count > 0, 20_000);
  const task = server.give({ kind: 'run', script: 'echo "a \\"b\\""; exit 3', timeoutSeconds: 10 });
  expect(await done(task)).toMatchObject({ ok: false, code: 'script-failed' });
  console.log(server.requests, server.refusals, task.result(), server.log());
});
