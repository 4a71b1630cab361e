import { describe, expect, it } from 'vitest';
import type { CallContext, NodeRequest } from './contract.ts';
import { machineSteps } from './machine-steps.ts';
import { virtualClock } from './sim/clock.ts';
import { simConfigurationSchema } from './sim/configuration.ts';
import { openSim } from './sim/provider.ts';

const context: CallContext = { signal: new AbortController().signal, timeoutMs: 5000 };
const request: NodeRequest = {
  key: 'key-1',
  tags: { siteId: 'site-1', deploymentId: 'deployment-1', nodeId: 'node-1', incarnation: 1 },
  name: 'edge-etcd-1',
  deploymentName: 'edge',
  image: null,
  size: null,
  capabilities: [],
  labels: {},
  sshPublicKey: 'ssh-ed25519 AAAA',
  candidate: 0,
};
const reference = { tags: request.tags, key: request.key, name: request.name, providerId: null };

function park(configuration: object) {
  const clock = virtualClock(1_000_000);
  const provider = openSim(
    {
      siteId: 'site-1',
      siteName: 'here',
      configuration: simConfigurationSchema.parse({ state: 'memory', bootMs: 2000, destroyMs: 300, ...configuration }),
      credentials: {},
      dataDirectory: '/nonexistent',
      log: () => undefined,
    },
    clock,
  );
  return { clock, provider };
}

describe('create', () => {
  it('is pending while the machine boots, then done with all that the role machine puts out', async () => {
    const { clock, provider } = park({});
    const first = await machineSteps.create(provider, request, context);
    expect(first).toEqual({ state: 'pending', retryAfterMs: 2000, progress: 'edge-etcd-1 is booting' });
    await clock.advance(2000);
    const second = await machineSteps.create(provider, request, context);
    expect(second).toMatchObject({
      state: 'done',
      outputs: { port: 22, user: 'root', hostKeyTrust: 'pinned', facts: { hostname: 'edge-etcd-1' } },
    });
    expect(await machineSteps.create(provider, request, context)).toEqual(second);
  });

  it('stays pending on a machine that never becomes ready', async () => {
    const { clock, provider } = park({ faults: [{ kind: 'never-ready' }] });
    await machineSteps.create(provider, request, context);
    await clock.advance(60_000);
    expect(await machineSteps.create(provider, request, context)).toMatchObject({
      state: 'pending',
      progress: 'edge-etcd-1 does not answer on SSH yet',
    });
  });

  it('starts a machine that it finds stopped', async () => {
    const { clock, provider } = park({});
    await machineSteps.create(provider, request, context);
    await clock.advance(2000);
    await provider.power?.set(reference, 'off', context);
    expect((await machineSteps.create(provider, request, context)).state).toBe('pending');
    await clock.advance(2000);
    expect((await machineSteps.create(provider, request, context)).state).toBe('done');
  });

  it('answers what observing threw as a failure', async () => {
    const { provider } = park({ bootMs: 0, faults: [{ kind: 'auth', operations: ['observe'] }] });
    expect(await machineSteps.create(provider, request, context)).toMatchObject({
      state: 'failed',
      failure: { kind: 'auth', code: 'AuthFailure' },
    });
  });

  it('adopts the machine of a create whose answer was lost', async () => {
    const { clock, provider } = park({ faults: [{ kind: 'create-lost' }] });
    expect(await machineSteps.create(provider, request, context)).toMatchObject({
      state: 'failed',
      failure: { kind: 'unavailable' },
    });
    await clock.advance(2000);
    expect((await machineSteps.create(provider, request, context)).state).toBe('done');
    expect(await provider.listOwned({ deploymentId: null }, context)).toHaveLength(1);
  });
});

describe('destroy', () => {
  it('is pending until nothing is left, and done on what is gone', async () => {
    const { clock, provider } = park({});
    await machineSteps.create(provider, request, context);
    expect((await machineSteps.destroy(provider, reference, context)).state).toBe('pending');
    await clock.advance(300);
    expect(await machineSteps.destroy(provider, reference, context)).toEqual({ state: 'done', outputs: null });
    expect(await machineSteps.destroy(provider, reference, context)).toEqual({ state: 'done', outputs: null });
  });

  it('fails as often as the site does and succeeds after', async () => {
    const { provider } = park({ destroyMs: 0, faults: [{ kind: 'failing-destroy' }] });
    await machineSteps.create(provider, request, context);
    const states: string[] = [];
    for (let call = 0; call < 3; call += 1) {
      states.push((await machineSteps.destroy(provider, reference, context)).state);
    }
    expect(states).toEqual(['failed', 'failed', 'done']);
  });
});
