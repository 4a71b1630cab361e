import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { CallContext, NodeReference, Provider } from '../contract.ts';
import { failureOf } from '../provider-error.ts';
import { localConfigurationSchema } from './configuration.ts';
import { localProvider } from './provider.ts';

const tags = { siteId: 'site-1', deploymentId: 'deployment-1', nodeId: 'node-1', incarnation: 0 };
const reference: NodeReference = { tags, key: 'key-1', name: 'edge-etcd-1', providerId: null };
const context = (signal = new AbortController().signal): CallContext => ({ signal, timeoutMs: 10_000 });

// Machines themselves need root and a host of their own: test/e2e/local-driver.test.ts and the conformance suite.
describe('the local provider, without making a machine', () => {
  let directory = '';
  let provider: Provider;

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'formwork-local-'));
    provider = localProvider.open({
      siteId: 'site-1',
      siteName: 'here',
      configuration: localConfigurationSchema.parse({ cacheDirectory: join(directory, 'cache') }),
      credentials: {},
      dataDirectory: join(directory, 'data'),
      log: () => undefined,
    });
  });
  afterEach(async () => {
    await provider.close();
    await rm(directory, { recursive: true, force: true });
  });

  it('sees nothing of a node that was never made', async () => {
    await expect(provider.observeNode(reference, context())).resolves.toMatchObject({ state: 'absent', ready: false });
  });

  it('refuses to touch what another site made', async () => {
    const foreign = { ...reference, tags: { ...tags, siteId: 'site-2' } };
    const refused = { state: 'failed', failure: { kind: 'conflict', code: 'not-owned' } };
    await expect(provider.destroyNode(foreign, context())).resolves.toMatchObject(refused);
  });

  it('refuses a provider id that the key does not give', async () => {
    const foreign = { ...reference, providerId: 'fw-00000000-0000000000' };
    await expect(provider.observeNode(foreign, context())).rejects.toSatisfy(
      (error: unknown) => failureOf(error).code === 'not-owned',
    );
  });

  it('does nothing once the call is aborted', async () => {
    const call = provider.observeNode(reference, context(AbortSignal.abort()));
    await expect(call).rejects.toSatisfy((error: unknown) => failureOf(error).code === 'aborted');
  });

  it('says that there is no such machine to switch on', async () => {
    await expect(provider.power?.set(reference, 'on', context())).resolves.toMatchObject({
      state: 'failed',
      failure: { kind: 'not-found' },
    });
  });
});
