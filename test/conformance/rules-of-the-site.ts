/** Rules 1 and 7 to 10: the site as a whole, and how its calls fail. */
import type { CallContext } from '@formwork/providers';
import { expect, it } from 'vitest';
import type { Has } from './harness.ts';
import { context, expectFailure, failureFrom, pause, referenceOf, type World } from './world.ts';

export function siteRules(world: () => World, has: Has): void {
  it('rule 1: check finds nothing wrong with a site that works, and changes nothing', async () => {
    const { provider, owned } = world();
    expect(await provider.check(context)).toMatchObject({ ok: true, problems: [] });
    expect(await owned(null)).toEqual([]);
  });

  it('rule 1: check names the field that is wrong and what to do', async () => {
    const { harness, keep } = world();
    const wrong = harness.wrong();
    const bad = keep(wrong.provider);
    const { ok, problems } = await bad.check(context);
    expect(ok).toBe(false);
    expect(problems.map(({ path }) => path)).toContain(wrong.path);
    for (const problem of problems) {
      expect(problem.message).toMatch(/\S/);
      expect(problem.remedy).toMatch(/\S/);
    }
  });

  it('rule 1: the catalogue reports images, sizes, zones, capabilities and quota, with its time', async () => {
    const { provider, owned } = world();
    const catalogue = await provider.catalogue(context);
    expect(new Date(catalogue.at).toISOString()).toBe(catalogue.at);
    expect(catalogue.images.length).toBeGreaterThan(0);
    for (const image of catalogue.images) expect(image.arch).toMatch(/^(amd64|arm64)$/);
    expect(catalogue.sizes.length > 0 || catalogue.custom !== null).toBe(true);
    expect(Array.isArray(catalogue.zones)).toBe(true);
    expect(Array.isArray(catalogue.capabilities)).toBe(true);
    expect(catalogue.quota.used).toBe(0);
    expect(await owned(null)).toEqual([]);
  });

  it('rule 7: listOwned lists all of a deployment, and all of the site', async () => {
    const { harness, provider, make, destroy, shared, owned } = world();
    const { quota: empty } = await provider.catalogue(context);
    await shared(1);
    const ordinals = Array.from({ length: harness.manyNodes }, (_, index) => index + 1);
    const requests = ordinals.map((ordinal) => harness.request(ordinal, 'core'));
    const [first] = requests;
    if (first === undefined) throw new Error('the harness makes no nodes');
    await Promise.all(requests.map((request) => make(request)));
    const ofCore = harness.machines(await owned(first.tags.deploymentId));
    expect(ofCore.map(({ tags }) => tags.nodeId).sort()).toEqual(requests.map(({ tags }) => tags.nodeId).sort());
    const ofSite = harness.machines(await owned(null));
    const ofEdge = harness.machines(await owned(harness.request(1).tags.deploymentId));
    expect(ofEdge.length).toBeGreaterThan(0);
    expect(ofSite).toHaveLength(ofCore.length + ofEdge.length);
    const { quota } = await provider.catalogue(context);
    // The plan takes `used` from `nodes`: that is the site's bound, and stays.
    expect(quota).toEqual({ nodes: empty.nodes, used: ofSite.length });
    expect(await owned('no-such-deployment')).toEqual([]);
    await Promise.all(requests.map((request) => destroy(request)));
    expect(await owned(first.tags.deploymentId)).toEqual([]);
  });

  if (has('throttling')) {
    it('rule 8: throttling says when to come back', async () => {
      const { harness, keep, observe } = world();
      const throttled = harness.faults.throttled;
      if (throttled === undefined) throw new Error('the harness has no throttling');
      const result = await keep(throttled()).ensureNode(harness.request(8), context);
      expectFailure(result, 'throttled');
      expect(result.state === 'failed' ? result.failure.retryAfterMs : 0).toBeGreaterThan(0);
      expect((await observe(harness.request(8))).state).toBe('absent');
    });
  }

  it('rule 9: a call whose signal has fired ends at once and makes nothing', async () => {
    const { harness, provider, ownedBy, observe } = world();
    const aborted: CallContext = { signal: AbortSignal.abort(), timeoutMs: 60_000 };
    const request = harness.request(6);
    const failures = await Promise.all([
      failureFrom(provider.check(aborted)),
      failureFrom(provider.catalogue(aborted)),
      failureFrom(provider.ensureNode(request, aborted)),
      failureFrom(provider.observeNode(referenceOf(request), aborted)),
      failureFrom(provider.destroyNode(referenceOf(harness.request(1)), aborted)),
      failureFrom(provider.listOwned({ deploymentId: null }, aborted)),
    ]);
    for (const failure of failures) expect(failure?.kind).toBe('unavailable');
    expect((await observe(request)).state).toBe('absent');
    expect(await ownedBy(request)).toEqual([]);
  });

  it('rule 9: a create that is aborted in its middle is taken up by the next call', async () => {
    const { harness, provider, make, destroy, ownedBy } = world();
    const request = harness.request(6);
    const abort = new AbortController();
    const cut = failureFrom(provider.ensureNode(request, { signal: abort.signal, timeoutMs: 60_000 }));
    await pause(harness.patience.pauseMs);
    abort.abort();
    const failure = await cut;
    if (failure !== null) expect(failure.kind).toBe('unavailable');
    await make(request);
    expect(harness.machines(await ownedBy(request))).toHaveLength(1);
    await destroy(request);
  });

  if (has('hanging-calls')) {
    it('rule 9: a call ends at its timeout', async () => {
      const { harness, keep } = world();
      const slowCalls = harness.faults.slowCalls;
      if (slowCalls === undefined) throw new Error('the harness has no hanging-calls');
      const short: CallContext = { signal: context.signal, timeoutMs: 20 };
      const slow = keep(slowCalls());
      for (const call of [slow.ensureNode(harness.request(6), short), slow.catalogue(short)]) {
        expect((await failureFrom(call))?.kind).toBe('unavailable');
      }
    });
  }

  it('rule 10: an image, size or capability that the site lacks fails with the nearest names, and makes nothing', async () => {
    const { harness, provider, ownedBy, observe } = world();
    const request = harness.request(7);
    const { images, sizes, capabilities } = await provider.catalogue(context);
    const cases = [
      { change: { image: `${images[0]?.name ?? ''}x` }, names: images.map(({ name }) => name) },
      { change: { size: `${sizes[0]?.name ?? ''}x` }, names: sizes.map(({ name }) => name) },
      { change: { capabilities: [`${capabilities[0] ?? ''}x`] }, names: capabilities },
    ];
    for (const { change, names } of cases) {
      const message = expectFailure(await provider.ensureNode({ ...request, ...change }, context), 'invalid');
      if (names[0] !== undefined) expect(message).toContain(names[0]);
    }
    const huge = { ...request, size: { cpus: 1_000_000 } };
    expectFailure(await provider.ensureNode(huge, context), 'invalid');
    expect(await ownedBy(request)).toEqual([]);
    expect((await observe(request)).state).toBe('absent');
  });
}
