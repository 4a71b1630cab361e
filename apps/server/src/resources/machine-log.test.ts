import { randomUUID } from 'node:crypto';
import { addedMachine } from '@formwork/core';
import { appendMachineLog, insertSite, openMachineStore, reportSiteProblem } from '@formwork/db';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startTestDatabase, type TestDatabase } from '../../../../test/support/database.ts';
import { openTestServer, type TestServer } from '../testing/test-server.ts';

let postgres: TestDatabase;
let server: TestServer;
const siteId = randomUUID();
beforeAll(async () => {
  postgres = await startTestDatabase();
  server = await openTestServer(postgres.url);
  await server.db.transaction((tx) =>
    insertSite(tx, {
      ...{ id: siteId, name: 'rack', provider: 'metal', configuration: {}, params: {}, credentials: null },
      ...{ maxNodes: null, actor: 'test' },
    }),
  );
});
afterAll(async () => {
  await server.close();
  await postgres.stop();
});

it('shows what is wrong at a site', async () => {
  const problem = { code: 'other-dhcp-server', subject: '10.77.0.66', message: 'switch it off' };
  await server.db.transaction((tx) => reportSiteProblem(tx, { ...problem, siteId, actor: 'worker:test' }));
  expect(await server.call('GET', '/api/v1/sites/rack')).toMatchObject({
    status: 200,
    body: { problems: [{ ...problem, times: 1 }] },
  });
});

it('gives out what agents wrote, the newest pieces of each machine', async () => {
  const wanted = addedMachine({ siteId, name: 'm1', macs: [], labels: {}, bmc: null });
  const { id } = await openMachineStore(server.db).create(wanted, 'test');
  for (let piece = 1; piece <= 203; piece += 1) {
    await appendMachineLog(server.db, { machineId: id, sessionId: randomUUID(), text: `piece ${piece}\n` });
  }
  const { body } = await server.call('GET', '/api/v1/sites/rack/machines/m1/log', { token: server.tokens.viewer });
  const { items } = body as { items: readonly { readonly text: string }[] };
  expect([items.length, items[0]?.text, items.at(-1)?.text]).toEqual([200, 'piece 4\n', 'piece 203\n']);
  expect((await server.call('GET', '/api/v1/sites/rack/machines/none/log')).status).toBe(404);
});
