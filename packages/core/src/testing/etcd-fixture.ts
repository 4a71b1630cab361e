import type { SiteView } from '../actual.ts';
import type { Content } from '../role.ts';
import type { NodeGroup, Specification } from '../specification.ts';
import { defineNeed, defineOutput, defineParam, definePack, defineRole, itemsOf, onNode } from './define-role.ts';

/** The packs `base` and `etcd` of the worked example (test/golden/example-etcd), as far as plan and graph look at them. */

const hostRole = (name: string) => defineRole(name, { pack: 'base', requires: [onNode('machine-ready')] });

const base = definePack('base', {
  roles: [
    defineRole('machine', {
      pack: 'base',
      executor: 'provider',
      steps: {},
      provides: ['machine-ready'],
      outputs: ['host', 'port', 'hostKey', 'facts'].map((name) => defineOutput(name, { example: name })),
    }),
    ...['host-name', 'host-hosts', 'host-time', 'host-sysctl', 'host-packages'].map(hostRole),
  ],
});

const address = '{{ facts.address }}';

const etcd = definePack('etcd', {
  packs: { base: '^1' },
  params: [
    defineParam('etcd.quotaBackendBytes', { default: 2147483648, disruption: 'restart' }),
    defineParam('etcd.snapshotCount', { default: 100000, disruption: 'restart' }),
    defineParam('etcd.dataDir', { default: '/var/lib/etcd/formwork', immutable: true }),
  ],
  roles: [
    defineRole('etcd-ca', {
      placement: 'deployment',
      executor: 'pki',
      steps: {},
      outputs: [defineOutput('certificate'), defineOutput('key', { secret: true })],
    }),
    defineRole('etcd-cert', {
      executor: 'pki',
      steps: {},
      requires: [onNode('machine-ready')],
      needs: [defineNeed('etcd-ca', 'one', { outputs: ['certificate', 'key'] })],
      facts: ['address'],
      outputs: [
        defineOutput('name', { value: '{{ node.name }}' }),
        defineOutput('peerUrl', { value: `https://${address}:2380` }),
        defineOutput('clientUrl', { value: `https://${address}:2379` }),
        defineOutput('certificate'),
        defineOutput('key', { secret: true }),
      ],
    }),
    defineRole('etcd-install', {
      requires: [onNode('host-packages')],
      steps: { check: 'check.sh', apply: 'apply.sh', verify: 'verify.sh', remove: 'remove.sh' },
      outputs: [defineOutput('version', { example: '3.4.23' })],
    }),
    defineRole('etcd-member', {
      requires: [onNode('etcd-install'), onNode('etcd-cert', 'certificate', 'key', 'name', 'peerUrl', 'clientUrl')],
      needs: [
        defineNeed('etcd-ca', 'one', { outputs: ['certificate'] }),
        defineNeed('etcd-cert', 'founders', { outputs: ['name', 'peerUrl'], tracked: false }),
        defineNeed('etcd-member', 'peers', { outputs: ['clientUrl'], tracked: false }),
      ],
      uses: ['etcd.quotaBackendBytes', 'etcd.snapshotCount', 'etcd.dataDir'],
      cluster: { founding: 'parallel', quorum: 'majority' },
      limits: { max: null, lock: { name: 'etcd-membership', scope: 'deployment' } },
      steps: { check: 'check.sh', apply: 'apply.sh', verify: 'verify.sh', remove: 'remove.sh', evict: 'evict.sh' },
      outputs: [
        defineOutput('clientUrl', { value: `https://${address}:2379` }),
        defineOutput('memberId', { example: '8e9e05c52164694d' }),
      ],
      facts: ['address'],
    }),
    defineRole('etcd-cluster', {
      placement: 'deployment',
      runsOn: 'etcd-member',
      needs: [
        defineNeed('etcd-ca', 'one', { outputs: ['certificate'] }),
        defineNeed('etcd-member', 'all', { outputs: ['clientUrl'] }),
      ],
      steps: { verify: 'verify.sh' },
      outputs: [defineOutput('endpoints', { value: "{{ needs.etcd-member | map: 'clientUrl' }}" })],
    }),
    defineRole('etcd-backup', {
      kind: 'task',
      placement: 'deployment',
      runsOn: 'etcd-member',
      needs: [defineNeed('etcd-cluster', 'one', { outputs: ['endpoints'] })],
      params: [defineParam('etcd-backup.path', { default: '/var/backups/etcd.snapshot' })],
    }),
  ],
  workflows: [
    {
      name: 'etcd',
      pack: 'etcd',
      summary: '',
      slots: { etcd: { min: 1, max: null, oddAdvised: true } },
      stages: [
        {
          name: 'machine',
          barrier: false,
          onFailure: 'stop-node',
          deployment: [],
          nodes: { '*': itemsOf('machine-ready') },
        },
        {
          name: 'baseline',
          barrier: false,
          onFailure: 'continue',
          deployment: [],
          nodes: { '*': itemsOf('host-name', 'host-hosts', 'host-time', 'host-sysctl', 'host-packages') },
        },
        {
          name: 'etcd',
          barrier: false,
          onFailure: 'continue',
          deployment: itemsOf('etcd-ca', 'etcd-cluster'),
          nodes: { etcd: itemsOf('etcd-cert', 'etcd-install', 'etcd-member') },
        },
      ],
    },
  ],
});

export const etcdContent: Content = { packs: [base, etcd] };

export const here: SiteView = {
  name: 'here',
  provider: 'local',
  capabilities: { 'machine-ready': 'machine' },
  params: {},
  catalogue: null,
  maxNodes: null,
};

export const defineGroup = (name: string, count: number, more: Partial<NodeGroup> = {}): NodeGroup => ({
  name,
  roles: [name],
  count,
  site: 'here',
  image: 'debian-12',
  size: { cpus: 1, memoryGib: 1 },
  capabilities: [],
  labels: {},
  params: {},
  nodes: {},
  omit: [],
  maxUnavailable: null,
  maxFailed: 0,
  ...more,
});

export const defineSpecification = (name: string, workflow: string, groups: readonly NodeGroup[]): Specification => ({
  formwork: 1,
  name,
  workflow,
  packs: {},
  profiles: [],
  params: {},
  groups,
  converge: 'manual',
  priority: 0,
  ttlMs: null,
});

/** The example's deployment `edge`, with as many members as asked for. */
export function edge(
  count: number,
  group: Partial<NodeGroup> = {},
  params: Specification['params'] = {},
): Specification {
  const spec = defineSpecification('edge', 'etcd', [defineGroup('etcd', count, group)]);
  return { ...spec, params: { 'etcd.quotaBackendBytes': 2147483648, ...params } };
}
