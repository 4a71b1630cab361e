/**
 * Stage one over any provider: the steps behind the role that provides `machine-ready`.
 *
 * ```
 * create:  ensureNode --pending--> pending          destroy: destroyNode --pending--> pending
 *                     --failed---> failed                                --failed---> failed
 *                     --done-> observeNode                               --done-> observeNode
 *          absent, creating, not ready -> pending            absent -> done, else -> pending
 *          stopped -> power on, pending
 *          failed -> failed
 *          ready -> done with the machine's outputs
 * ```
 *
 * Each call looks and does one small thing; nothing is remembered between calls, so any worker may make the next one.
 */
import { assertNever, type Facts } from '@formwork/core';
import type {
  CallContext,
  HostKey,
  NodeReference,
  NodeRequest,
  Observation,
  Provider,
  ProviderFailure,
  StepResult,
} from './contract.ts';
import { failureOf } from './provider-error.ts';

/** What the role `machine` puts out. A type, not an interface: it is JSON to the engine. */
export type MachineOutputs = {
  readonly host: string;
  /** Where SSH answers, 1 to 65535. */
  readonly port: number;
  readonly user: string;
  /** `ssh-ed25519 AAAA...`, without comment. */
  readonly hostKey: string;
  readonly hostKeyTrust: HostKey['trust'];
  readonly facts: Facts;
  readonly providerId: string;
};

/** How long until the next look when the provider itself named no time, milliseconds. */
const lookAgainMs = 500;

const pending = (progress: string): StepResult<never> => ({ state: 'pending', retryAfterMs: lookAgainMs, progress });
const failed = (failure: ProviderFailure): StepResult<never> => ({ state: 'failed', failure });

const referenceOf = (request: NodeRequest, providerId: string | null): NodeReference => ({
  tags: request.tags,
  key: request.key,
  name: request.name,
  providerId,
});

function outputsOf(seen: Observation, providerId: string): StepResult<MachineOutputs> {
  const address = seen.addresses[0];
  if (address === undefined || seen.hostKey === null) {
    return failed({
      kind: 'bug',
      code: 'ready-without-address',
      message: 'The provider calls the machine ready but gives no address or no host key.',
    });
  }
  return {
    state: 'done',
    outputs: {
      host: address.host,
      port: address.port,
      user: seen.user,
      hostKey: seen.hostKey.publicKey,
      hostKeyTrust: seen.hostKey.trust,
      facts: seen.facts,
      providerId: seen.providerId ?? providerId,
    },
  };
}

async function start(provider: Provider, node: NodeReference, seen: Observation, context: CallContext) {
  if (provider.power === undefined) {
    return failed({
      kind: 'unavailable',
      code: 'machine-stopped',
      message: `${node.name} is stopped: ${seen.message}`,
    });
  }
  const result = await provider.power.set(node, 'on', context);
  return result.state === 'failed' ? result : pending(`${node.name} was stopped; it is starting`);
}

/** Makes the machine of `request` and answers `done` once SSH answers with its host key. Never throws. */
async function create(
  provider: Provider,
  request: NodeRequest,
  context: CallContext,
): Promise<StepResult<MachineOutputs>> {
  try {
    const ensured = await provider.ensureNode(request, context);
    if (ensured.state !== 'done') return ensured;
    const { providerId } = ensured.outputs;
    const node = referenceOf(request, providerId);
    const seen = await provider.observeNode(node, context);
    switch (seen.state) {
      // Just made and not yet listed: a cloud's reads lag behind its writes.
      case 'absent':
      case 'creating':
        return pending(seen.message);
      case 'stopped':
        return await start(provider, node, seen, context);
      case 'failed':
        return failed({ kind: 'unavailable', code: 'machine-failed', message: seen.message });
      case 'running':
        return seen.ready ? outputsOf(seen, providerId) : pending(seen.message);
      default:
        return assertNever(seen.state);
    }
  } catch (error) {
    return failed(failureOf(error));
  }
}

/** Removes the machine and answers `done` once its provider sees nothing of it any more. Never throws. */
async function destroy(provider: Provider, node: NodeReference, context: CallContext): Promise<StepResult<null>> {
  try {
    const destroyed = await provider.destroyNode(node, context);
    if (destroyed.state !== 'done') return destroyed;
    const seen = await provider.observeNode(node, context);
    return seen.state === 'absent' ? destroyed : pending(`${node.name} is still there: ${seen.message}`);
  } catch (error) {
    return failed(failureOf(error));
  }
}

/** Named handlers; `stageOne` of a descriptor refers to them. */
export const machineSteps = { create, destroy } as const;
