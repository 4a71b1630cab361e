import { FormworkError, type MachineStore } from '@formwork/core';
import { providerNamed } from '@formwork/providers';
import { afterAll, expect, it } from 'vitest';
import { installedSystems } from '../support/metal/installed-systems.ts';
import { bmcPassword, type MetalRig, startMetalRig } from '../support/metal/metal-rig.ts';
import type { ConformanceHarness } from './harness.ts';
import { requestsOf } from './requests.ts';
import { makeKeyPair } from './ssh.ts';
import { conformance } from './suite.ts';

const systems = await installedSystems('fwconf1', '10.92.0.0/24');
const missing = await systems.lacking();
if (missing !== null) await systems.close();

const rigs: MetalRig[] = [];

async function makeHarness(): Promise<ConformanceHarness> {
  const { privateKey, publicKey } = makeKeyPair();
  const rig = await startMetalRig({ machines: 6, systems });
  rigs.push(rig);
  const { store } = rig;
  let lost = false;
  /** The allocation is made, and the connection that it was asked over breaks before the answer. */
  const losing: MachineStore = {
    ...store,
    allocate: async (...args) => {
      const machine = await store.allocate(...args);
      if (lost) return machine;
      lost = true;
      throw new FormworkError('retryable', 'database-unavailable', 'the database does not answer');
    },
  };
  const hanging: MachineStore = { ...store, list: () => new Promise(() => undefined) };
  return {
    descriptor: providerNamed('metal').descriptor,
    open: () => rig.open(),
    request: requestsOf(rig.siteId, publicKey),
    privateKey,
    manyNodes: 2,
    machines: (owned) => owned.filter(({ kind }) => kind === 'machine'),
    wrong: () => ({ provider: rig.open({ defaultImage: 'debian-1' }), path: '$.defaultImage' }),
    faults: { lostCreate: () => rig.open({}, losing), slowCalls: () => rig.open({}, hanging) },
    secrets: [bmcPassword, ...privateKey.split('\n').filter((line) => line.length > 20 && !line.startsWith('---'))],
    logged: rig.logged,
    patience: { totalMs: 30_000, pauseMs: 100 },
    close: () => Promise.resolve(),
  };
}

conformance('metal', makeHarness, { missing, without: ['throttling', 'console', 'made-to-size'] });

it.skipIf(missing !== null)('what was released is wiped and back in the pool, and no machine failed', async () => {
  for (const rig of rigs) {
    await expect
      .poll(async () => (await rig.store.list({ siteId: rig.siteId })).map(({ state, dirty }) => `${state} ${dirty}`), {
        timeout: 120_000,
        interval: 200,
      })
      .toEqual(Array.from({ length: 6 }, () => 'ready false'));
    expect(rig.failures).toEqual([]);
  }
});

afterAll(async () => {
  for (const rig of rigs) await rig.close();
});
