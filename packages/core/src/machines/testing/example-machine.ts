import { firstMachine } from '../new-machine.ts';
import type { Machine } from '../machine.ts';

/** A machine for tests: approved and registering, at time 0. */
export function exampleMachine(fields: Partial<Machine> = {}): Machine {
  const first = firstMachine(
    fields.id ?? '00000000-0000-4000-8000-000000000001',
    {
      siteId: '00000000-0000-4000-8000-00000000000a',
      name: 'm1',
      state: 'registering',
      reason: { code: 'added', message: 'added' },
      approved: true,
      trust: 'approval',
      identity: {
        uuid: null,
        serial: null,
        boardSerial: null,
        chassisSerial: null,
        assetTag: null,
        macs: ['52:54:00:77:00:01'],
      },
      labels: {},
      subnet: null,
      bmc: null,
    },
    0,
  );
  return { ...first, ...fields };
}

export const exampleAllocation = {
  key: 'key-1',
  deploymentId: '00000000-0000-4000-8000-0000000000d1',
  nodeId: '00000000-0000-4000-8000-0000000000e1',
  incarnation: 1,
  nodeName: 'edge-etcd-1',
  deploymentName: 'edge',
  image: 'debian-12',
  sshPublicKey: 'ssh-ed25519 AAAA',
  atMs: 0,
} as const;
