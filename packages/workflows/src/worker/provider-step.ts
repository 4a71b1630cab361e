import { createHash } from 'node:crypto';
import { assertNever, type Facts } from '@formwork/core';
import type { CreateRequest, DestroyRequest, NodePatch, NodeRow, Outcome, StoredAttempt } from '@formwork/db';
import {
  type CallContext,
  failureOf,
  machineSteps,
  type NodeReference,
  type Provider,
  type NodeRequest,
  type ProviderFailure,
  type StageOneRole,
  type StepResult,
} from '@formwork/providers';
import { doneOutcome, failedOutcome, type OutcomeClock, pendedOutcome } from './outcome.ts';
import type { StepContext } from './step-context.ts';

/** Upper bound of one call of a provider, milliseconds. */
const callTimeoutMs = 30_000;

/**
 * What is committed before a provider is asked, in batches with that of other steps. False: the claim went elsewhere while
 * we stood still, and the provider, which knows no fence, is not to be asked.
 */
export interface MachineRecords {
  beginCreate(request: CreateRequest): Promise<boolean>;
  beginDestroy(request: DestroyRequest): Promise<boolean>;
}

export interface ProviderStepDeps {
  readonly worker: string;
  readonly provider: Provider;
  /** Which step stands behind which role at this provider. */
  readonly stageOne: readonly StageOneRole[];
  readonly machines: MachineRecords;
  readonly clock: () => OutcomeClock;
  readonly signal: AbortSignal;
  /** Of the claim under which it runs. */
  readonly fence: number;
}

/** Key of a create: the same machine however often it is asked for (provider contract, rule 4). */
const createKey = (node: Pick<NodeRow, 'id' | 'incarnation' | 'candidate'>): string =>
  createHash('sha256').update(`${node.id} ${node.incarnation} ${node.candidate}`).digest('hex').slice(0, 40);

export const referenceOf = (node: NodeRow): NodeReference => ({
  tags: { siteId: node.siteId, deploymentId: node.deploymentId ?? '', nodeId: node.id, incarnation: node.incarnation },
  key: createKey(node),
  name: node.name,
  providerId: node.providerId,
});

/**
 * One look and one small act at the provider: makes the machine, or takes it away. Null: the claim went elsewhere while we
 * stood still, and the provider, which knows no fence, was not asked.
 */
export async function runProviderStep(
  deps: ProviderStepDeps,
  context: StepContext,
  attempt: StoredAttempt,
): Promise<Outcome | null> {
  const { node } = context;
  if (node === null)
    return failedOutcome(
      context,
      { kind: 'failed', code: 'no-node', message: 'a provider step needs a node' },
      deps.clock(),
    );
  const call: CallContext = { signal: deps.signal, timeoutMs: callTimeoutMs };
  // A role that the descriptor does not know is that of a provider with one.
  const steps = deps.stageOne.find(({ role }) => role === context.row.role)?.steps ?? oneRole;
  if (context.phase === 'remove' || context.phase === 'evict') {
    if (steps.remove === null) return { kind: 'done', applied: null };
    return destroy(deps, context, attempt, node, call);
  }
  return steps.apply === 'create'
    ? create(deps, context, attempt, node, call)
    : runStage(deps, context, attempt, node, steps.apply, call);
}

const oneRole: StageOneRole['steps'] = { apply: 'create', remove: 'destroy' };

/** A step on the way to the machine: it has outputs of its own, and the node is not ready by it. */
async function runStage(
  deps: ProviderStepDeps,
  context: StepContext,
  attempt: StoredAttempt,
  node: NodeRow,
  name: string,
  call: CallContext,
): Promise<Outcome | null> {
  const step = deps.provider.steps?.[name];
  if (step === undefined) {
    const message = `the provider has no step ${name} for the role ${context.row.role}`;
    return failedOutcome(context, { kind: 'failed', code: 'no-step', message }, deps.clock());
  }
  if (!(await deps.machines.beginCreate(createRequest(deps, context, node)))) return null;
  const result = await step(requestOf(context, node), call).catch(
    (error: unknown): StepResult<never> => ({
      state: 'failed',
      failure: failureOf(error),
    }),
  );
  const clock = deps.clock();
  if (result.state !== 'done') return unfinished(context, attempt, result, clock, node, 'creating');
  return doneOutcome(context, result.outputs, clock, { state: 'creating', message: null });
}

const createRequest = (deps: ProviderStepDeps, context: StepContext, node: NodeRow): CreateRequest => ({
  nodeRoleId: context.row.id,
  fence: deps.fence,
  key: createKey(node),
  nodeId: node.id,
  incarnation: node.incarnation,
  candidate: node.candidate,
});

const requestOf = (context: StepContext, node: NodeRow): NodeRequest => {
  const { tags, key, name } = referenceOf(node);
  return {
    key,
    tags,
    name,
    deploymentName: context.deployment.name,
    image: node.image,
    size: node.size,
    capabilities: node.capabilities,
    labels: node.labels,
    sshPublicKey: context.deployment.sshPublicKey ?? '',
    candidate: node.candidate,
  };
};

async function create(
  deps: ProviderStepDeps,
  context: StepContext,
  attempt: StoredAttempt,
  node: NodeRow,
  call: CallContext,
): Promise<Outcome | null> {
  if (!(await deps.machines.beginCreate(createRequest(deps, context, node)))) return null;
  const result = await machineSteps.create(deps.provider, requestOf(context, node), call);
  const clock = deps.clock();
  switch (result.state) {
    case 'done': {
      const { host, port, user, hostKey, hostKeyTrust, facts, providerId } = result.outputs;
      const patch: NodePatch = {
        state: 'ready',
        host,
        port,
        sshUser: user,
        hostKey,
        hostKeyTrust,
        providerId,
        facts: factsOf(facts),
        message: null,
        lost: false,
      };
      return doneOutcome(context, { host, port, user, hostKey, facts: factsOf(facts) }, clock, patch);
    }
    default:
      return unfinished(context, attempt, result, clock, node, 'creating');
  }
}

async function destroy(
  deps: ProviderStepDeps,
  context: StepContext,
  attempt: StoredAttempt,
  node: NodeRow,
  call: CallContext,
): Promise<Outcome | null> {
  const { fence, worker } = deps;
  const request = { row: context.row, fence, nodeId: node.id, actor: `worker:${worker}` };
  if (!(await deps.machines.beginDestroy(request))) return null;
  const result = await machineSteps.destroy(deps.provider, referenceOf(node), call);
  const clock = deps.clock();
  switch (result.state) {
    case 'done':
      return { kind: 'done', applied: null, node: { state: 'destroyed', message: null } };
    default:
      return unfinished(context, attempt, result, clock, node, 'destroying');
  }
}

/** What making and taking away share: a look that has to be repeated, or a failure. */
function unfinished(
  context: StepContext,
  attempt: StoredAttempt,
  result: Exclude<StepResult<unknown>, { state: 'done' }>,
  clock: OutcomeClock,
  node: NodeRow,
  state: 'creating' | 'destroying',
): Outcome {
  if (result.state === 'failed') return failure(context, attempt, result.failure, clock, node);
  const { progress, retryAfterMs } = result;
  const pause = { why: progress, inMs: retryAfterMs, resume: attempt.resume };
  return pendedOutcome(context, attempt, pause, clock, { state, message: progress });
}

/** Throttling is a wait, lack of capacity moves on to the next candidate, what may pass is retried, the rest is final. */
function failure(
  context: StepContext,
  attempt: StoredAttempt,
  failed: ProviderFailure,
  clock: OutcomeClock,
  node: NodeRow,
): Outcome {
  const message = `${failed.code}: ${failed.message}`;
  switch (failed.kind) {
    case 'throttled':
      return pendedOutcome(
        context,
        attempt,
        { why: message, inMs: failed.retryAfterMs ?? 5_000, resume: attempt.resume },
        clock,
        { message },
      );
    case 'capacity':
      return failedOutcome(context, { kind: 'capacity', code: failed.code, message }, clock, {
        candidate: node.candidate + 1,
        message,
      });
    case 'unavailable':
      return failedOutcome(context, { kind: 'unavailable', code: failed.code, message }, clock, { message });
    case 'quota':
    case 'auth':
    case 'not-found':
    case 'conflict':
    case 'invalid':
    case 'bug':
      return failedOutcome(context, { kind: 'failed', code: failed.code, message }, clock, {
        ...(context.phase === 'apply' ? { state: 'failed' as const } : {}),
        message,
      });
    default:
      return assertNever(failed.kind);
  }
}

const factsOf = (facts: Facts): Facts => ({ ...facts });
