import { renderFile, templateScope } from '@formwork/content';
import { FormworkError, isJsonObject, type JsonObject } from '@formwork/core';
import type { NodeRow, StoredAttempt } from '@formwork/db';
import type { ScriptLaunch, ScriptTarget } from '../runner/script-launch.ts';
import { revealSecrets, type Secrets } from '../secrets.ts';
import type { SshKeys } from './ssh-keys.ts';
import type { StepContext } from './step-context.ts';

/** The launch of one execution of an attempt, secrets in plain: it goes to the runner and nowhere else. */
export async function launchOf(
  secrets: Secrets,
  context: StepContext,
  attempt: StoredAttempt,
  fence: number,
): Promise<ScriptLaunch> {
  const { bundle, inputs, untracked, deployment, node, target } = context;
  const { role } = bundle;
  const plain: JsonObject = {
    params: inputs.params,
    facts: inputs.facts,
    requires: inputs.requires,
    needs: { ...untracked, ...inputs.needs },
    deployment: { name: deployment.name },
    changed: [...context.changed],
    allowedDisruption: context.row.pending?.disruption ?? 'none',
    ...(target === null ? {} : { node: { name: target.name, group: target.group, deployment: deployment.name } }),
    ...(context.subject === null ? {} : { subject: context.subject }),
  };
  const revealed = await revealSecrets(secrets, plain);
  return {
    attemptId: attempt.id,
    nodeRoleId: context.row.id,
    fence,
    lane: context.node === null ? `deployment-${context.row.as}` : context.row.lane,
    action: context.action,
    founding: context.founding,
    phase: attempt.resume.phase,
    steps: role.steps,
    bundleDigest: role.digest,
    files: bundle.files,
    inputs: revealed.value,
    secretPaths: revealed.paths,
    previous: context.row.applied === null ? null : { ...context.row.applied.inputs },
    rendered: renderedFiles(context, revealed.value, node),
    timeoutMs: role.timeoutMs,
    fromBootId: attempt.resume.fromBootId,
    role: role.name,
    outputs: context.phase === 'apply' ? role.outputs.filter((output) => output.value === undefined) : [],
  };
}

function renderedFiles(
  context: StepContext,
  inputs: JsonObject,
  node: NodeRow | null,
): Readonly<Record<string, string>> {
  const { bundle, deployment } = context;
  const part = (name: string): JsonObject => {
    const found = inputs[name];
    return isJsonObject(found) ? found : {};
  };
  const scope = templateScope({
    deployment: { name: deployment.name },
    ...(node === null ? {} : { node: { name: node.name, group: node.group } }),
    facts: part('facts'),
    params: part('params'),
    requires: part('requires'),
    needs: part('needs'),
    action: context.action,
    founding: context.founding,
  });
  const rendered: Record<string, string> = {};
  // A removal runs without files: they belong to what is wanted.
  if (context.phase !== 'apply') return rendered;
  for (const { from, to } of bundle.role.files) {
    const source = bundle.files[from];
    if (source === undefined)
      throw new FormworkError('terminal', 'file-gone', `the role's file ${from} is not in its bundle`);
    rendered[to] = renderFile(source, scope);
  }
  return rendered;
}

/** How the step's node is reached; a message instead when that is not known (yet). */
export async function targetOf(sshKey: SshKeys, context: StepContext): Promise<ScriptTarget | string> {
  const { target, deployment } = context;
  if (target === null) return 'no node with this role answers that the script could run on';
  if (target.host === null || target.port === null || target.hostKey === null)
    return `node ${target.name} has no address yet`;
  if (deployment.sshPrivateKey === null) return 'the deployment has no SSH key';
  return {
    host: target.host,
    port: target.port,
    user: target.sshUser ?? 'root',
    privateKey: await sshKey(deployment.sshPrivateKey),
    hostKey: target.hostKey,
  };
}
