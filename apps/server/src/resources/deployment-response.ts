import type { DeploymentResponse } from '@formwork/api';
import { isJsonObject } from '@formwork/core';
import type { DeploymentRecord } from '@formwork/db';
import { toJson } from '../http/to-json.ts';

export function toDeploymentResponse(deployment: DeploymentRecord): DeploymentResponse {
  const specification = toJson(deployment.specification);
  return {
    id: deployment.id,
    name: deployment.name,
    workflow: deployment.specification?.workflow ?? '',
    state: stateOf(deployment),
    message: messageOf(deployment),
    specification: deployment.committedVersion > 0 && isJsonObject(specification) ? specification : null,
    committedVersion: deployment.committedVersion,
    proposedVersion: deployment.proposedVersion,
    packs: deployment.packs,
    openPlan: deployment.openPlan,
    liveRun: deployment.liveRun,
    lastRun: deployment.lastRun,
    nodes: deployment.nodes,
    nodeRoles: deployment.nodeRoles,
    version: deployment.version,
    createdAt: deployment.createdAt.toISOString(),
    updatedAt: deployment.updatedAt.toISOString(),
  };
}

function stateOf({ state, paused, liveRun }: DeploymentRecord): DeploymentResponse['state'] {
  if (state === 'new') return 'planned';
  return paused && liveRun !== null ? 'paused' : state;
}

function messageOf(deployment: DeploymentRecord): string {
  const { name, nodeRoles, leaks } = deployment;
  const total = Object.values(nodeRoles).reduce((sum, count) => sum + count, 0);
  const active = nodeRoles['active'] ?? 0;
  const failed = nodeRoles['failed'] ?? 0;
  switch (stateOf(deployment)) {
    case 'planned':
      return deployment.openPlan === null ? 'nothing was approved yet' : 'its first plan waits for approval';
    case 'running':
      return `${active} of ${total} node-roles are active`;
    case 'paused':
      return `paused with ${active} of ${total} node-roles active; formwork resume ${name} lets it go on`;
    case 'active':
      return deployment.openPlan === null ? 'as wanted' : 'as approved; a plan waits for approval';
    case 'failed':
      return `${failed} of ${total} node-roles failed; see formwork why, then retry or apply again`;
    case 'destroying':
      if (deployment.liveRun !== null) return 'is being destroyed';
      return leaks !== null && leaks > 0
        ? `the sites still own ${leaks} resources of it; see its leaks, then destroy it again`
        : 'its destruction did not end; destroy it again';
    case 'destroyed':
      return 'nothing of it is left';
  }
}

/** The states of the database that a state of the API stands for. */
export function storedStates(states: readonly string[] | undefined): {
  readonly states?: readonly string[];
  readonly paused?: boolean;
} {
  if (states === undefined) return {};
  const stored = states.map((state) => (state === 'planned' ? 'new' : state));
  if (!stored.includes('paused')) return { states: stored };
  const others = stored.filter((state) => state !== 'paused');
  // Paused is a running one that was told to wait.
  return others.length === 0 ? { states: ['running', 'destroying'], paused: true } : { states: [...others, 'running'] };
}
