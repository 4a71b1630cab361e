import { evaluateValue } from '@formwork/content';
import { assertNever, type Json, type JsonObject } from '@formwork/core';
import { type Database, type Log, logEnd, type Outcome, type StoredAttempt } from '@formwork/db';
import type { Provider, SimulatedOutcome } from '@formwork/providers';
import type { ExecutorResult, WorkerExecutors } from '../executors/executor.ts';
import type { ScriptResult } from '../runner/script-launch.ts';
import type { ScriptRunner } from '../runner/script-runner.ts';
import type { Lease } from './leases.ts';
import { openLogWriter } from './log-writer.ts';
import type { OpenSite } from './open-sites.ts';
import { failedOutcome, type OutcomeClock, outcomeOfScript } from './outcome.ts';
import { completeOutputs, scopeOf, simulatedOutputs } from './outputs.ts';
import { type MachineRecords, runProviderStep } from './provider-step.ts';
import { launchOf, targetOf } from './script-step.ts';
import { revealSecrets, type Secrets } from '../secrets.ts';
import type { SshKeys } from './ssh-keys.ts';
import type { StepContext } from './step-context.ts';

export interface ExecuteDeps {
  readonly db: Database;
  readonly log: Log;
  readonly worker: string;
  readonly secrets: Secrets;
  readonly sshKey: SshKeys;
  readonly runner: ScriptRunner;
  readonly executors: WorkerExecutors;
  /** The opened provider of a site, and how scripts run on its nodes. */
  readonly provider: (siteId: string) => Promise<OpenSite>;
  readonly clock: () => OutcomeClock;
  readonly machines: MachineRecords;
}

/** Runs one execution of a claimed attempt. Null: the lease went elsewhere, nothing is to be written. */
export async function execute(
  deps: ExecuteDeps,
  context: StepContext,
  attempt: StoredAttempt,
  fence: number,
  lease: Lease,
): Promise<Outcome | null> {
  if (lease.abort.aborted && context.bundle.role.executor !== 'script') return { kind: 'withdrawn' };
  if (context.problem !== null) {
    return failedOutcome(context, { kind: 'transient', code: 'not-startable', message: context.problem }, deps.clock());
  }
  const { role } = context.bundle;
  switch (role.executor) {
    case 'provider': {
      const { provider, stageOne } = await deps.provider(context.node?.siteId ?? '');
      const { worker, machines, clock } = deps;
      return runProviderStep(
        { worker, provider, stageOne, machines, clock, signal: lease.gone, fence },
        context,
        attempt,
      );
    }
    case 'script': {
      const site = context.target === null ? null : await deps.provider(context.target.siteId);
      const result =
        site?.scripts === 'simulated'
          ? await simulate(site.provider, context, attempt, lease)
          : await runOnNode(deps, context, attempt, fence, lease);
      return concluded(
        deps,
        context,
        attempt,
        result,
        site?.scripts === 'simulated' ? simulatedOutputs(context) : null,
      );
    }
    case 'pki':
    case 'http':
    case 'noop':
      // A removal of what never touched a machine takes nothing away.
      if (context.phase !== 'apply')
        return outcomeOfScript(context, attempt, { kind: 'done', outputs: {}, applied: false }, {}, deps.clock());
      return concluded(deps, context, attempt, await runInWorker(deps, context, lease), null);
    default:
      return assertNever(role.executor);
  }
}

async function concluded(
  deps: ExecuteDeps,
  context: StepContext,
  attempt: StoredAttempt,
  result: ScriptResult,
  simulated: JsonObject | null,
): Promise<Outcome | null> {
  const outputs =
    result.kind === 'done' && context.phase === 'apply'
      ? await completeOutputs(deps.secrets, context, simulated ?? result.outputs)
      : {};
  // After a restart the node logs into a new file: what is stored so far stays before it.
  const resume =
    result.kind === 'reboot' ? { ...attempt.resume, logBase: await logEnd(deps.db, attempt.id) } : attempt.resume;
  return outcomeOfScript(context, { ...attempt, resume }, result, outputs, deps.clock());
}

async function runOnNode(
  deps: ExecuteDeps,
  context: StepContext,
  attempt: StoredAttempt,
  fence: number,
  lease: Lease,
): Promise<ScriptResult> {
  const target = await targetOf(deps.sshKey, context);
  if (typeof target === 'string') return { kind: 'unreachable', message: target };
  const launch = await launchOf(deps.secrets, context, attempt, fence);
  const writer = openLogWriter(deps, attempt.id, lease.gone);
  const logBase = attempt.resume.logBase ?? 0;
  try {
    return await deps.runner.runScript(launch, target, {
      signal: lease.gone,
      abort: lease.abort,
      fromOffset: attempt.isNew ? 0 : (await logEnd(deps.db, attempt.id)) - logBase,
      onLog: ({ offset, nextOffset, text }) => {
        writer.write({ offset: logBase + offset, nextOffset: logBase + nextOffset, text });
      },
    });
  } finally {
    await writer.flush();
  }
}

/** Secret outputs that a script left on its node are erased there once they are stored here. */
export async function forgetSecretOutputs(
  deps: ExecuteDeps,
  context: StepContext,
  attempt: StoredAttempt,
): Promise<void> {
  const { role } = context.bundle;
  if (role.executor !== 'script' || context.phase !== 'apply' || context.target === null) return;
  if (!role.outputs.some((output) => output.secret && output.value === undefined)) return;
  if ((await deps.provider(context.target.siteId)).scripts !== 'ssh') return;
  const target = await targetOf(deps.sshKey, context);
  if (typeof target !== 'string') await deps.runner.forgetOutputs(attempt.id, target);
}

async function simulate(
  provider: Provider,
  context: StepContext,
  attempt: StoredAttempt,
  lease: Lease,
): Promise<ScriptResult> {
  if (provider.simulate === undefined) {
    return { kind: 'failed', step: 'apply', exitCode: 1, message: 'the provider neither runs nor simulates scripts' };
  }
  const outcome = await provider.simulate(
    {
      nodeId: context.target?.id ?? '',
      role: context.bundle.role.name,
      action: context.action,
      attempt: attempt.number,
      startedAtMs: attempt.startedAtMs,
    },
    AbortSignal.any([lease.gone, lease.abort]),
  );
  return scriptResultOf(outcome);
}

function scriptResultOf(outcome: SimulatedOutcome): ScriptResult {
  switch (outcome.kind) {
    case 'done':
      return { kind: 'done', outputs: {}, applied: true };
    case 'not-yet':
      return { kind: 'not-yet', retryAfterMs: outcome.retryAfterMs, why: outcome.message };
    case 'reboot':
      return { kind: 'not-yet', retryAfterMs: 1_000, why: 'the simulated node restarts' };
    case 'failed':
      return { kind: 'failed', step: 'apply', exitCode: 1, message: outcome.message };
    case 'transient':
    case 'unreachable':
    case 'lost':
      return outcome;
    default:
      return assertNever(outcome);
  }
}

/** Our own code, in the worker: authorities and certificates, an HTTP gate, nothing. */
async function runInWorker(deps: ExecuteDeps, context: StepContext, lease: Lease): Promise<ExecutorResult> {
  const { role } = context.bundle;
  const { inputs, untracked, row } = context;
  const gathered: JsonObject = {
    params: inputs.params,
    facts: inputs.facts,
    requires: inputs.requires,
    needs: { ...untracked, ...inputs.needs },
  };
  const revealed = await revealSecrets(deps.secrets, gathered);
  const existing = row.applied === null ? null : (await revealSecrets(deps.secrets, row.applied.outputs)).value;
  const signal = AbortSignal.any([lease.gone, lease.abort, AbortSignal.timeout(role.timeoutMs)]);
  const scope = scopeOf(context);
  const shared = { inputs: revealed.value, existing, signal };
  if (role.executor === 'pki' && role.pki !== null) {
    const { commonName, dns, ip } = role.pki;
    const declaration = {
      ...role.pki,
      commonName: textOf(evaluateValue(commonName, scope)),
      dns: dns.map((name) => textOf(evaluateValue(name, scope))),
      ip: ip.map((address) => textOf(evaluateValue(address, scope))),
    };
    return deps.executors.pki({ ...shared, declaration });
  }
  if (role.executor === 'http' && role.http !== null) {
    const url = textOf(evaluateValue(role.http.url, scope));
    return deps.executors.http({ ...shared, declaration: { ...role.http, url } });
  }
  return deps.executors.noop({ ...shared, declaration: null });
}

const textOf = (value: Json): string => (typeof value === 'string' ? value : JSON.stringify(value));
