import type { NodeRequest } from '@formwork/providers';
import { createHash } from 'node:crypto';

const idOf = (...parts: readonly (string | number)[]): string => {
  const hex = createHash('sha256').update(parts.join('\n')).digest('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20, 32)].join('-');
};

/** Requests as the engine would make them: ids by site, deployment and ordinal; the key by node, incarnation, candidate. */
export const requestsOf =
  (siteId: string, sshPublicKey: string) =>
  (ordinal: number, deployment: 'edge' | 'core' = 'edge'): NodeRequest => {
    const nodeId = idOf(siteId, deployment, ordinal);
    return {
      key: createHash('sha256').update(`${nodeId}\n1\n0`).digest('hex'),
      tags: { siteId, deploymentId: idOf(siteId, deployment), nodeId, incarnation: 1 },
      name: `${deployment}-node-${ordinal}`,
      deploymentName: deployment,
      image: 'debian-12',
      size: { cpus: 1, memoryGib: 1 },
      capabilities: [],
      labels: { tier: 'test' },
      sshPublicKey,
      candidate: 0,
    };
  };
