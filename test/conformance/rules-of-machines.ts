/** Rules 2 to 6: a machine from its first call to its last. */
import { expect, it } from 'vitest';
import type { Has } from './harness.ts';
import { execOverSsh } from './ssh.ts';
import { context, expectFailure, referenceOf, type World } from './world.ts';

export function machineRules(world: () => World, has: Has): void {
  it('rule 2: ensureNode called five times at once with one key makes one machine', async () => {
    const { harness, provider, shared, ownedBy } = world();
    const request = harness.request(1);
    const results = await Promise.all([1, 2, 3, 4, 5].map(() => provider.ensureNode(request, context)));
    for (const result of results) expect(result.state).not.toBe('failed');
    const machine = await shared(1);
    const again = await provider.ensureNode(request, context);
    expect(again).toEqual({ state: 'done', outputs: { providerId: machine.providerId } });
    expect(harness.machines(await ownedBy(request))).toHaveLength(1);
  });

  it('rule 2: two opened providers of one site, called in turns, make one machine', async () => {
    const { harness, provider, keep, shared, ownedBy, observe } = world();
    const other = keep(harness.open());
    const request = harness.request(2);
    await Promise.all([provider.ensureNode(request, context), other.ensureNode(request, context)]);
    const machine = await shared(2);
    expect(await other.ensureNode(request, context)).toMatchObject({ outputs: { providerId: machine.providerId } });
    expect(harness.machines(await ownedBy(request))).toHaveLength(1);
    expect(await observe(request, other)).toEqual(await observe(request));
  });

  it('rule 3: everything made carries site, deployment, node and incarnation', async () => {
    const { harness, shared, ownedBy } = world();
    const request = harness.request(1);
    await shared(1);
    const resources = await ownedBy(request);
    expect(resources.length).toBeGreaterThan(0);
    for (const resource of resources) {
      expect(resource.tags).toEqual(request.tags);
      expect(resource.id).toMatch(/\S/);
      expect(resource.kind).toMatch(/\S/);
    }
  });

  it('rule 4: a machine whose making was cut short is adopted by the next provider', async () => {
    const { harness, keep, make, destroy, ownedBy } = world();
    const request = harness.request(3);
    const crashed = keep(harness.open());
    await crashed.ensureNode(request, context);
    await crashed.close();
    const next = keep(harness.open());
    const machine = await make(request, next);
    expect(await next.ensureNode(request, context)).toMatchObject({ outputs: { providerId: machine.providerId } });
    expect(harness.machines(await ownedBy(request))).toHaveLength(1);
    await destroy(request);
  });

  if (has('lost-creates')) {
    it('rule 4: a create whose answer was lost is adopted, never made again', async () => {
      const { harness, keep, make, destroy, ownedBy } = world();
      const lostCreate = harness.faults.lostCreate;
      if (lostCreate === undefined) throw new Error('the harness has no lost-creates');
      const request = harness.request(4);
      const losing = keep(lostCreate());
      const first = await losing.ensureNode(request, context);
      expectFailure(first, 'unavailable');
      await make(request, losing);
      expect(harness.machines(await ownedBy(request))).toHaveLength(1);
      await destroy(request);
    });
  }

  it('rule 5: what does not exist is absent', async () => {
    const { harness, observe } = world();
    const seen = await observe(harness.request(8));
    expect(seen).toMatchObject({ state: 'absent', ready: false, providerId: null, addresses: [], hostKey: null });
  });

  it('rule 5: a machine is ready only with an address, a host key and a user, and stays the same', async () => {
    const { harness, shared, observe, ready } = world();
    const machine = await shared(1);
    const seen = await ready(harness.request(1));
    expect(seen.state).toBe('running');
    expect(seen.providerId).toBe(machine.providerId);
    for (const address of seen.addresses) {
      expect(address.port).toBeGreaterThan(0);
      expect(address.port).toBeLessThan(65_536);
      expect(address.family).toBe(address.host.includes(':') ? 6 : 4);
      expect(['private', 'public']).toContain(address.scope);
    }
    expect(seen.addresses[0]).toMatchObject({ host: machine.host, port: machine.port });
    const [type, body, ...rest] = (seen.hostKey?.publicKey ?? '').split(' ');
    expect([type, ...rest]).toEqual(['ssh-ed25519']);
    const wire = Buffer.from(body ?? '', 'base64');
    expect(wire.length).toBe(4 + 11 + 4 + 32);
    expect(wire.subarray(4, 15).toString()).toBe('ssh-ed25519');
    expect(['pinned', 'first-use']).toContain(seen.hostKey?.trust);
    expect(seen.user).toMatch(/^[a-z]/);
    expect(await observe(harness.request(1))).toEqual(seen);
  });

  it('rule 5: a machine is reached the moment it is called ready', async () => {
    const { harness, provider, make, destroy } = world();
    const request = harness.request(7, 'core');
    const machine = await make(request);
    if (harness.privateKey !== null) expect(await execOverSsh(machine, harness.privateKey, 'echo here')).toBe('here');
    const { nodeId } = request.tags;
    const step = { nodeId, role: 'host-name', action: 'run', attempt: 1, startedAtMs: Date.now() };
    const outcome = await provider.simulate?.(step, context.signal);
    expect(outcome?.kind ?? 'done').toBe('done');
    await destroy(request);
  });

  it('rule 6: destroying what is not there is done', async () => {
    const { harness, provider } = world();
    expect(await provider.destroyNode(referenceOf(harness.request(8)), context)).toEqual({
      state: 'done',
      outputs: null,
    });
  });

  it('rule 6: a machine with the tags of another owner is refused and left alone', async () => {
    const { harness, provider, shared, observe } = world();
    const request = harness.request(1);
    const { providerId } = await shared(1);
    const foreign = [
      { ...request.tags, siteId: 'another-site' },
      { ...request.tags, deploymentId: 'another-deployment' },
      { ...request.tags, nodeId: 'another-node' },
      { ...request.tags, incarnation: request.tags.incarnation + 1 },
    ];
    for (const tags of foreign) {
      const node = { ...referenceOf(request), tags, providerId };
      expectFailure(await provider.destroyNode(node, context), 'conflict');
    }
    expect((await observe(request)).ready).toBe(true);
  });

  it('rule 6: destroyNode removes everything, and may be called again', async () => {
    const { harness, provider, make, destroy, ownedBy, observe } = world();
    const request = harness.request(5);
    await make(request);
    await destroy(request);
    expect(await ownedBy(request)).toEqual([]);
    expect((await observe(request)).state).toBe('absent');
    expect(await provider.destroyNode(referenceOf(request), context)).toEqual({ state: 'done', outputs: null });
  });
}
