import { describe, expect, it } from 'vitest';
import type { CallContext, NodeReference, NodeRequest } from '../contract.ts';
import { failureOf } from '../provider-error.ts';
import { virtualClock } from './clock.ts';
import { simConfigurationSchema } from './configuration.ts';
import { openSim, simProvider } from './provider.ts';

const context: CallContext = { signal: new AbortController().signal, timeoutMs: 5000 };

const requestOf = (ordinal: number, change: Partial<NodeRequest> = {}): NodeRequest => ({
  key: `key-${ordinal}`,
  tags: { siteId: 'site-1', deploymentId: 'deployment-1', nodeId: `node-${ordinal}`, incarnation: 1 },
  name: `edge-etcd-${ordinal}`,
  deploymentName: 'edge',
  image: 'debian-12',
  size: { cpus: 2, memoryGib: 4 },
  capabilities: ['containers'],
  labels: {},
  sshPublicKey: 'ssh-ed25519 AAAA',
  candidate: 0,
  ...change,
});
const referenceOf = (request: NodeRequest): NodeReference => ({
  tags: request.tags,
  key: request.key,
  name: request.name,
  providerId: null,
});

function park(configuration: object = {}) {
  const clock = virtualClock(1_000_000);
  const parsed = simConfigurationSchema.parse({ state: 'memory', bootMs: 2000, destroyMs: 0, ...configuration });
  const options = {
    siteId: 'site-1',
    siteName: 'here',
    credentials: {},
    dataDirectory: '/nonexistent',
    log: () => undefined,
  };
  return { clock, provider: openSim({ ...options, configuration: parsed }, clock) };
}

describe('a simulated machine', () => {
  it('has the facts of its request, and by the same seed the same address and host key', async () => {
    const look = async (seed: number) => {
      const { clock, provider } = park({ seed });
      await provider.ensureNode(requestOf(1), context);
      await clock.advance(2000);
      return await provider.observeNode(referenceOf(requestOf(1)), context);
    };
    const seen = await look(7);
    expect(seen.facts).toEqual({
      address: seen.addresses[0]?.host,
      arch: 'amd64',
      cpus: 2,
      diskGib: null,
      hostname: 'edge-etcd-1',
      kernel: '6.1.0-sim',
      memoryMib: 4096,
      os: 'debian',
      osRelease: 'bookworm',
    });
    expect(await look(7)).toEqual(seen);
    expect((await look(8)).hostKey).not.toEqual(seen.hostKey);
  });

  it('has an address of its own, also when there are two of one name', async () => {
    const { clock, provider } = park();
    const again = requestOf(1, { key: 'key-1b', tags: { ...requestOf(1).tags, incarnation: 2 } });
    const requests = [requestOf(1), again];
    for (const request of requests) await provider.ensureNode(request, context);
    await clock.advance(2000);
    const seen = await Promise.all(requests.map((request) => provider.observeNode(referenceOf(request), context)));
    expect(new Set(seen.map(({ addresses }) => addresses[0]?.host)).size).toBe(2);
  });

  it('is refused for a key that is in use by another owner', async () => {
    const { provider } = park();
    await provider.ensureNode(requestOf(1), context);
    const other = requestOf(1, { tags: { ...requestOf(1).tags, deploymentId: 'deployment-2' } });
    expect(await provider.ensureNode(other, context)).toMatchObject({ state: 'failed', failure: { kind: 'conflict' } });
  });

  it('boots again when switched on, and is not ready until it has', async () => {
    const { clock, provider } = park();
    const node = referenceOf(requestOf(1));
    await provider.ensureNode(requestOf(1), context);
    await clock.advance(2000);
    await provider.power?.set(node, 'off', context);
    expect(await provider.observeNode(node, context)).toMatchObject({ state: 'stopped', ready: false });
    await provider.power?.set(node, 'on', context);
    expect(await provider.observeNode(node, context)).toMatchObject({ state: 'running', ready: false });
    await clock.advance(2000);
    expect(await provider.observeNode(node, context)).toMatchObject({ state: 'running', ready: true });
    expect(await provider.console?.tail(node, 10_000, context)).toMatch(/boot 2/);
  });
});

describe('faults of a simulated site', () => {
  it('has no capacity at the first candidates or for the first creates', async () => {
    const { provider } = park({ faults: [{ kind: 'capacity', candidates: 1 }] });
    expect(await provider.ensureNode(requestOf(1), context)).toMatchObject({ failure: { kind: 'capacity' } });
    expect((await provider.ensureNode(requestOf(1, { candidate: 1 }), context)).state).toBe('pending');

    expect(await provider.ensureNode(requestOf(2, { candidate: 3 }), context)).toMatchObject({
      failure: { kind: 'capacity', code: 'NoMoreCandidates' },
    });

    const other = park({ faults: [{ kind: 'capacity', creates: 2 }] }).provider;
    const states: string[] = [];
    for (let call = 0; call < 3; call += 1) states.push((await other.ensureNode(requestOf(1), context)).state);
    expect(states).toEqual(['failed', 'failed', 'pending']);
  });

  it('has a quota, which a destroyed machine gives back', async () => {
    const { provider } = park({ maxNodes: 1 });
    await provider.ensureNode(requestOf(1), context);
    expect(await provider.ensureNode(requestOf(2), context)).toMatchObject({ failure: { kind: 'quota' } });
    expect((await provider.catalogue(context)).quota).toEqual({ nodes: 1, used: 1 });
    await provider.destroyNode(referenceOf(requestOf(1)), context);
    expect((await provider.ensureNode(requestOf(2), context)).state).toBe('pending');
  });

  it('throttles with a time to come back, by count of calls', async () => {
    const { provider } = park({ faults: [{ kind: 'throttled', operations: ['ensure'], retryAfterMs: 700 }] });
    expect(await provider.ensureNode(requestOf(1), context)).toMatchObject({
      failure: { kind: 'throttled', retryAfterMs: 700 },
    });
    expect((await provider.ensureNode(requestOf(1), context)).state).toBe('pending');
  });

  it('loses its authorisation from the n-th call on; the check then says so', async () => {
    const { provider } = park({ faults: [{ kind: 'auth', calls: { from: 2 } }] });
    expect((await provider.check(context)).ok).toBe(true);
    expect(await provider.ensureNode(requestOf(1), context)).toMatchObject({ failure: { kind: 'auth' } });
    const listed = await provider.listOwned({ deploymentId: null }, context).catch(failureOf);
    expect(listed).toMatchObject({ kind: 'auth', code: 'AuthFailure' });
    expect(await provider.check(context)).toMatchObject({ ok: false, problems: [{ path: '$' }] });
  });

  it('says ready of a machine that is still booting', async () => {
    const { provider } = park({ faults: [{ kind: 'lying-ready' }] });
    expect((await provider.ensureNode(requestOf(1), context)).state).toBe('done');
    expect((await provider.observeNode(referenceOf(requestOf(1)), context)).ready).toBe(true);
    const step = { nodeId: 'node-1', role: 'host-name', action: 'run', attempt: 1, startedAtMs: 1_000_000 };
    expect((await provider.simulate?.(step, context.signal))?.kind).toBe('unreachable');
  });

  it('says destroyed of a machine that it lists once more', async () => {
    const { provider } = park({ faults: [{ kind: 'lying-destroy' }] });
    const node = referenceOf(requestOf(1));
    await provider.ensureNode(requestOf(1), context);
    expect((await provider.destroyNode(node, context)).state).toBe('done');
    expect((await provider.observeNode(node, context)).state).toBe('absent');
    expect(await provider.listOwned({ deploymentId: 'deployment-1' }, context)).toHaveLength(1);
    expect(await provider.listOwned({ deploymentId: 'deployment-1' }, context)).toEqual([]);
  });

  it('lets only the named nodes vanish, boot slowly or fail', async () => {
    const { clock, provider } = park({
      faults: [
        { kind: 'vanish', nodes: ['*-1'], afterMs: 500 },
        { kind: 'slow-boot', nodes: ['edge-*-2'], factor: 3 },
      ],
    });
    for (const ordinal of [1, 2, 3]) await provider.ensureNode(requestOf(ordinal), context);
    await clock.advance(2500);
    const states = await Promise.all(
      [1, 2, 3].map(async (ordinal) => (await provider.observeNode(referenceOf(requestOf(ordinal)), context)).state),
    );
    expect(states).toEqual(['absent', 'creating', 'running']);
    expect(await provider.listOwned({ deploymentId: null }, context)).toHaveLength(2);
  });
});

describe('calls', () => {
  it('end at once when aborted and at their timeout when slow', async () => {
    const { clock, provider } = park({ callMs: 60_000 });
    const abort = new AbortController();
    const aborted = provider.ensureNode(requestOf(1), { signal: abort.signal, timeoutMs: 90_000 });
    abort.abort();
    expect(await aborted).toMatchObject({ failure: { kind: 'unavailable', code: 'aborted' } });
    const slow = provider.ensureNode(requestOf(1), context);
    await clock.advance(5000);
    expect(await slow).toMatchObject({ failure: { kind: 'unavailable', code: 'timeout' } });
  });

  it('refuse a virtual clock that nobody drives', async () => {
    const configuration = simConfigurationSchema.parse({ state: 'memory', clock: { kind: 'virtual' } });
    const provider = simProvider.open({
      siteId: 'site-1',
      siteName: 'here',
      configuration,
      credentials: {},
      dataDirectory: '/nonexistent',
      log: () => undefined,
    });
    expect((await provider.check(context)).problems).toMatchObject([{ path: '$.clock' }]);
  });
});
