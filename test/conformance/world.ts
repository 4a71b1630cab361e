import {
  type CallContext,
  failureOf,
  type MachineOutputs,
  machineSteps,
  type NodeReference,
  type NodeRequest,
  type Observation,
  type OwnedResource,
  type Provider,
  type ProviderErrorKind,
  type ProviderFailure,
  type StepResult,
} from '@formwork/providers';
import { expect } from 'vitest';
import type { ConformanceHarness } from './harness.ts';
import { watched } from './watched.ts';

/** What the tests of one provider share: its site, opened, and the ways to make machines and wait for them. */
export interface World {
  readonly harness: ConformanceHarness;
  readonly provider: Provider;
  /** Everything that any call answered or threw, as text. */
  readonly answers: readonly string[];
  /** Watches another provider of the site too, and closes it at the end. */
  readonly keep: (another: Provider) => Provider;
  readonly make: (request: NodeRequest, by?: Provider) => Promise<MachineOutputs>;
  readonly destroy: (request: NodeRequest) => Promise<void>;
  /** One of the two machines that tests share (ordinals 1 and 2 of `edge`); made by the first test that asks. */
  readonly shared: (ordinal: 1 | 2) => Promise<MachineOutputs>;
  readonly owned: (deploymentId: string | null) => Promise<readonly OwnedResource[]>;
  readonly ownedBy: (request: NodeRequest) => Promise<readonly OwnedResource[]>;
  readonly observe: (request: NodeRequest, by?: Provider) => Promise<Observation>;
  readonly ready: (request: NodeRequest) => Promise<Observation>;
  /** Destroys whatever is left and answers what then still is. */
  readonly close: () => Promise<readonly OwnedResource[]>;
}

export const context: CallContext = { signal: new AbortController().signal, timeoutMs: 60_000 };

export const referenceOf = (request: NodeRequest): NodeReference => ({
  tags: request.tags,
  key: request.key,
  name: request.name,
  providerId: null,
});

export const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Insists on a failure of this kind with code and text, and answers the text. */
export function expectFailure(result: StepResult<unknown>, kind: ProviderErrorKind): string {
  if (result.state !== 'failed') throw new Error(`expected a failure, got ${JSON.stringify(result)}`);
  expect(result.failure.kind).toBe(kind);
  expect(result.failure.code).toMatch(/\S/);
  expect(result.failure.message).toMatch(/\S/);
  return result.failure.message;
}

/** How a call failed, thrown or answered; null when it did not. */
export async function failureFrom(call: Promise<StepResult<unknown> | object>): Promise<ProviderFailure | null> {
  try {
    const answer = await call;
    return 'state' in answer && answer.state === 'failed' && 'failure' in answer ? answer.failure : null;
  } catch (error) {
    return failureOf(error);
  }
}

/** Calls `look` until it answers something; says what it waited for when patience is over. */
export async function until<T>(
  patience: ConformanceHarness['patience'],
  look: () => Promise<T | null>,
  what: () => string,
): Promise<T> {
  for (let waitedMs = 0; waitedMs <= patience.totalMs; waitedMs += patience.pauseMs) {
    const found = await look();
    if (found !== null) return found;
    await pause(patience.pauseMs);
  }
  throw new Error(`gave up after ${patience.totalMs} ms: ${what()}`);
}

export function createWorld(harness: ConformanceHarness): World {
  const answers: string[] = [];
  const opened: Provider[] = [];
  const made = new Map<string, Promise<MachineOutputs>>();
  const keep = (another: Provider): Provider => {
    const kept = watched(another, answers);
    opened.push(kept);
    return kept;
  };
  const provider = keep(harness.open());

  const make: World['make'] = async (request, by = provider) => {
    let last = 'nothing yet';
    return await until(
      harness.patience,
      async () => {
        const result = await machineSteps.create(by, request, context);
        last = JSON.stringify(result);
        if (result.state === 'failed') throw new Error(`create of ${request.name} failed: ${last}`);
        return result.state === 'done' ? result.outputs : null;
      },
      () => `create of ${request.name}; last answer ${last}`,
    );
  };
  const destroyNode = async (node: NodeReference): Promise<void> => {
    let last = 'nothing yet';
    await until(
      harness.patience,
      async () => {
        const result = await machineSteps.destroy(provider, node, context);
        last = JSON.stringify(result);
        if (result.state === 'failed') throw new Error(`destroy of ${node.name} failed: ${last}`);
        return result.state === 'done' ? true : null;
      },
      () => `destroy of ${node.name}; last answer ${last}`,
    );
  };
  const owned: World['owned'] = (deploymentId) => provider.listOwned({ deploymentId }, context);
  const observe: World['observe'] = (request, by = provider) => by.observeNode(referenceOf(request), context);
  /** Every request that a test may have left a machine of. */
  const everyRequest = (): readonly NodeRequest[] =>
    Array.from({ length: Math.max(8, harness.manyNodes) }, (_, index) => index + 1).flatMap((ordinal) => [
      harness.request(ordinal),
      harness.request(ordinal, 'core'),
    ]);

  return {
    harness,
    provider,
    answers,
    keep,
    make,
    destroy: (request) => destroyNode(referenceOf(request)),
    shared: (ordinal) => {
      const request = harness.request(ordinal);
      const machine = made.get(request.key) ?? make(request);
      made.set(request.key, machine);
      return machine;
    },
    owned,
    ownedBy: async (request) =>
      (await owned(request.tags.deploymentId)).filter(({ tags }) => tags.nodeId === request.tags.nodeId),
    observe,
    ready: (request) =>
      until(
        harness.patience,
        async () => {
          const seen = await observe(request);
          return seen.ready ? seen : null;
        },
        () => `${request.name} ready`,
      ),
    close: async () => {
      const left = new Set((await owned(null)).map(({ tags }) => tags.nodeId));
      for (const request of everyRequest()) if (left.has(request.tags.nodeId)) await destroyNode(referenceOf(request));
      const remains = await owned(null);
      for (const one of opened) await one.close();
      await harness.close();
      return remains;
    },
  };
}
