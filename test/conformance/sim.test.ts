import { providerNamed, readSimLedger } from '@formwork/providers';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { ConformanceHarness } from './harness.ts';
import { requestsOf } from './requests.ts';
import { makeKeyPair } from './ssh.ts';
import { conformance } from './suite.ts';

async function makeHarness(): Promise<ConformanceHarness> {
  const dataDirectory = await mkdtemp(join(tmpdir(), 'formwork-conformance-sim-'));
  const { privateKey, publicKey } = makeKeyPair();
  const sim = providerNamed('sim');
  const logged: string[] = [];
  const open = (configuration: object = {}) =>
    sim.open({
      siteId: 'conformance-sim',
      siteName: 'park',
      configuration: { seed: 42, bootMs: { min: 20, max: 60 }, destroyMs: 20, ...configuration },
      credentials: {},
      dataDirectory,
      log: (message, fields) => logged.push(`${message} ${JSON.stringify(fields)}`),
    });
  return {
    descriptor: sim.descriptor,
    open: () => open(),
    request: requestsOf('conformance-sim', publicKey),
    privateKey: null,
    manyNodes: 300,
    machines: (owned) => owned.filter(({ kind }) => kind === 'machine'),
    wrong: () => ({ provider: open({ zones: ['a', 'b', 'a'] }), path: '$.zones[2]' }),
    faults: {
      lostCreate: () => open({ faults: [{ kind: 'create-lost' }] }),
      throttled: () => open({ faults: [{ kind: 'throttled', operations: ['ensure'] }] }),
      slowCalls: () => open({ callMs: 600_000 }),
    },
    secrets: privateKey.split('\n').filter((line) => line.length > 20 && !line.startsWith('---')),
    logged,
    patience: { totalMs: 20_000, pauseMs: 5 },
    close: () => rm(dataDirectory, { recursive: true }),
  };
}

conformance('sim', makeHarness, { without: ['machines-that-listen'] });

it('a step that two workers wait for was started once', async () => {
  const dataDirectory = await mkdtemp(join(tmpdir(), 'formwork-conformance-sim-'));
  const options = { siteId: 's', siteName: 'park', credentials: {}, dataDirectory, log: () => undefined };
  const configuration = { bootMs: 0, steps: { defaultMs: 50 } };
  const workers = [1, 2].map(() => providerNamed('sim').open({ ...options, configuration }));
  const context = { signal: new AbortController().signal, timeoutMs: 5000 };
  const request = requestsOf('s', 'ssh-ed25519 AAAA')(1);
  await workers[0]?.ensureNode(request, context);
  const step = { nodeId: request.tags.nodeId, role: 'host-name', action: 'run', attempt: 1, startedAtMs: Date.now() };
  const outcomes = await Promise.all(workers.map(async (worker) => await worker.simulate?.(step, context.signal)));
  expect(outcomes).toEqual([{ kind: 'done' }, { kind: 'done' }]);
  expect(readSimLedger(dataDirectory)).toMatchObject([{ role: 'host-name', attempt: 1, starts: 1, calls: 2 }]);
  await Promise.all(workers.map((worker) => worker.close()));
  await rm(dataDirectory, { recursive: true });
});
