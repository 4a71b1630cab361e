import { describe, expect, it } from 'vitest';
import type { CallContext, SimulatedStep } from '../contract.ts';
import { virtualClock } from './clock.ts';
import { simConfigurationSchema } from './configuration.ts';
import { openSim } from './provider.ts';

const context: CallContext = { signal: new AbortController().signal, timeoutMs: 5000 };
const startMs = 1_000_000;

async function node(configuration: object = {}) {
  const clock = virtualClock(startMs);
  const steps = { defaultMs: 1000, roles: { quick: 10 } };
  const provider = openSim(
    {
      siteId: 'site-1',
      siteName: 'here',
      configuration: simConfigurationSchema.parse({
        state: 'memory',
        bootMs: 0,
        destroyMs: 0,
        steps,
        ...configuration,
      }),
      credentials: {},
      dataDirectory: '/nonexistent',
      log: () => undefined,
    },
    clock,
  );
  const tags = { siteId: 'site-1', deploymentId: 'deployment-1', nodeId: 'node-1', incarnation: 1 };
  const reference = { tags, key: 'key-1', name: 'edge-etcd-1', providerId: null };
  const wish = { deploymentName: 'edge', image: null, size: null, capabilities: [], labels: {}, candidate: 0 };
  await provider.ensureNode({ ...reference, ...wish, sshPublicKey: 'ssh-ed25519 AAAA' }, context);
  const call = (change: Partial<SimulatedStep> = {}, signal = context.signal) => {
    const step = { nodeId: 'node-1', role: 'etcd-member', action: 'run', attempt: 1, startedAtMs: startMs, ...change };
    return provider.simulate?.(step, signal) ?? Promise.reject(new Error('no simulate'));
  };
  /** Runs one step to its end in virtual time. */
  const run = async (change: Partial<SimulatedStep> = {}) => {
    const outcome = call(change);
    await clock.advanceToNext();
    return await outcome;
  };
  return { clock, provider, reference, call, run };
}

describe('a simulated step', () => {
  it('lasts what its role lasts and is done', async () => {
    const { clock, run } = await node();
    expect(await run({ role: 'quick' })).toEqual({ kind: 'done' });
    expect(clock.nowMs()).toBe(startMs + 10);
  });

  it('lasts by the seed, whoever asks', async () => {
    const lasted = async (seed: number): Promise<number> => {
      const { clock, run } = await node({ seed, steps: { defaultMs: { min: 100, max: 90_000 } } });
      await run();
      return clock.nowMs() - startMs;
    };
    expect(await lasted(1)).toBe(await lasted(1));
    expect(await lasted(1)).not.toBe(await lasted(2));
  });

  it('is waited for only the rest by a worker that takes over, and was started once', async () => {
    const { clock, provider, call } = await node();
    const abort = new AbortController();
    const first = call({}, abort.signal);
    await clock.advance(400);
    abort.abort();
    await expect(first).rejects.toThrow();
    await clock.advance(300);
    const second = call();
    await clock.advanceToNext();
    expect(await second).toEqual({ kind: 'done' });
    expect(clock.nowMs()).toBe(startMs + 1000);
    expect(provider.ledger()).toEqual([
      {
        nodeId: 'node-1',
        role: 'etcd-member',
        attempt: 1,
        actions: ['run'],
        starts: 1,
        calls: 2,
        startedAtMs: startMs,
        untilMs: startMs + 1000,
        outcomes: ['done'],
      },
    ]);
  });

  it('counts an attempt that was begun twice', async () => {
    const { provider, run } = await node();
    await run();
    await run({ startedAtMs: startMs + 5000 });
    expect(provider.ledger()[0]?.starts).toBe(2);
  });

  it('fails, is lost or asks to be tried again by attempt', async () => {
    const { run } = await node({
      faults: [
        { kind: 'transient', roles: ['etcd-*'] },
        { kind: 'lost', roles: ['etcd-*'], attempts: { from: 2, to: 2 } },
        { kind: 'failing', roles: ['etcd-*'], attempts: { from: 3, to: 3 }, message: 'no quorum' },
      ],
    });
    expect((await run()).kind).toBe('transient');
    expect((await run({ attempt: 2 })).kind).toBe('lost');
    expect(await run({ attempt: 3 })).toEqual({ kind: 'failed', message: 'no quorum' });
    expect((await run({ attempt: 4 })).kind).toBe('done');
    expect((await run({ role: 'host-name' })).kind).toBe('done');
  });

  it('fails with the probability it was given, the same ones each time', async () => {
    const failures = async (): Promise<readonly string[]> => {
      const { run } = await node({ faults: [{ kind: 'failing', probability: 0.3 }] });
      const outcomes: string[] = [];
      for (let attempt = 1; attempt <= 200; attempt += 1) outcomes.push((await run({ attempt })).kind);
      return outcomes;
    };
    const once = await failures();
    expect(await failures()).toEqual(once);
    const failed = once.filter((kind) => kind === 'failed').length;
    expect(failed).toBeGreaterThan(35);
    expect(failed).toBeLessThan(85);
  });

  it('asks for time or for a reboot so many times, then is done', async () => {
    const { run } = await node({ faults: [{ kind: 'not-yet', times: 2, retryAfterMs: 300 }, { kind: 'reboot' }] });
    expect(await run()).toMatchObject({ kind: 'not-yet', retryAfterMs: 300 });
    expect((await run()).kind).toBe('not-yet');
    expect((await run()).kind).toBe('reboot');
    expect((await run()).kind).toBe('done');
  });

  it('is slower by the product of its factors', async () => {
    const { clock, run } = await node({
      faults: [
        { kind: 'slow', factor: 3 },
        { kind: 'slow', factor: 2 },
      ],
    });
    await run();
    expect(clock.nowMs()).toBe(startMs + 6000);
  });

  it('does not reach a node in its window, one that is off or one that is gone', async () => {
    const { clock, provider, reference, run } = await node({
      faults: [{ kind: 'unreachable', afterMs: 500, forMs: 1000 }],
    });
    expect((await run()).kind).toBe('unreachable');
    await clock.advance(1000);
    expect((await run({ startedAtMs: clock.nowMs() })).kind).toBe('done');
    await provider.power?.set(reference, 'off', context);
    expect((await run()).kind).toBe('unreachable');
    await provider.destroyNode(reference, context);
    expect((await run()).kind).toBe('unreachable');
  });
});
