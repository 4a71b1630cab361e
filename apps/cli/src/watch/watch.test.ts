import type { NodeRoleResponse } from '@formwork/api';
import { describe, expect, it } from 'vitest';
import { createPaint, visibleLength } from '../output/paint.ts';
import { renderChanges } from './changes.ts';
import type { Snapshot } from './snapshot.ts';
import { renderTree } from './tree.ts';

const at = '2026-01-01T00:00:00.000Z';
const now = new Date(Date.parse(at) + 12_000);
const paint = createPaint(false);

const nodeRole = (
  as: string,
  node: string | null,
  state: NodeRoleResponse['state'],
  more: Partial<NodeRoleResponse> = {},
): NodeRoleResponse => ({
  id: `${as}@${node ?? ''}`,
  key: node === null ? as : `${as}@${node}`,
  deployment: 'edge',
  role: as,
  as,
  node,
  group: 'etcd',
  stage: as === 'machine' ? 'machine' : 'etcd',
  state,
  action: 'run',
  attempt: 1,
  reasons: [],
  sentence: '',
  startedAt: at,
  endedAt: null,
  durationMs: null,
  version: 1,
  ...more,
});

const snapshot = (nodeRoles: readonly NodeRoleResponse[], state: 'running' | 'succeeded' = 'running'): Snapshot => ({
  deployment: {
    id: 'd',
    name: 'edge',
    workflow: 'etcd',
    state: 'running',
    message: '',
    specification: null,
    committedVersion: 1,
    proposedVersion: 1,
    packs: {},
    openPlan: null,
    liveRun: 'r',
    lastRun: 'r',
    nodes: 2,
    nodeRoles: {},
    version: 1,
    createdAt: at,
    updatedAt: at,
  },
  run: {
    id: 'r',
    deployment: 'edge',
    plan: 'p',
    purpose: 'apply',
    state,
    message: '',
    counts: { actionsToRun: 4, done: 1, failed: 1, byState: {} },
    startedAt: at,
    endedAt: null,
    durationMs: null,
    timings: null,
    criticalPath: [],
    version: 1,
  },
  nodeRoles,
});

const error = { kind: 'failed', code: 'exit-1', message: 'apply ended with 1' } as const;
const some = [
  nodeRole('machine', 'edge-etcd-1', { state: 'active' }, { durationMs: 4_000 }),
  nodeRole('machine', 'edge-etcd-2', { state: 'failed', error, retryAtMs: null }, { durationMs: 2_000 }),
  nodeRole('etcd-ca', null, { state: 'running', attempt: 2 }, { attempt: 2 }),
  nodeRole('etcd-member', 'edge-etcd-1', { state: 'blocked' }, { sentence: 'waits for etcd-ca', attempt: 0 }),
];

describe('renderTree', () => {
  it('shows stages, nodes, node-roles, states, times and what each waits for', () => {
    const lines = renderTree(snapshot(some), { nowMs: now.getTime(), columns: 100, rows: null, paint });
    expect(lines).toEqual([
      'edge  apply running  1/4  1 failed  12s',
      'machine',
      '  edge-etcd-1',
      '    ✓ machine active 4.0s',
      '  edge-etcd-2',
      '    ✗ machine failed 2.0s apply ended with 1',
      'etcd',
      '  the deployment',
      '    ▶ etcd-ca running 12s (attempt 2)',
      '  edge-etcd-1',
      '    ○ etcd-member blocked waits for etcd-ca',
    ]);
  });

  it('says once why something failed', () => {
    const failed = { state: 'failed', error, retryAtMs: 1 } as const;
    const lineOf = (sentence: string) =>
      renderTree(snapshot([nodeRole('machine', 'edge-etcd-1', failed, { sentence })]), {
        nowMs: now.getTime(),
        columns: 100,
        rows: null,
        paint,
      }).at(-1);
    expect(lineOf(error.message)).toBe('    ✗ machine failed apply ended with 1');
    expect(lineOf('tries again at noon: apply ended with 1')).toBe(
      '    ✗ machine failed tries again at noon: apply ended with 1',
    );
    expect(lineOf('it has no approved work')).toBe('    ✗ machine failed apply ended with 1; it has no approved work');
  });

  it('folds what is settled when there is no room, then counts the rest', () => {
    const options = { nowMs: now.getTime(), columns: 100, paint };
    expect(renderTree(snapshot(some), { ...options, rows: 10 })).toContain('  ✓ edge-etcd-1 1 settled');
    const short = renderTree(snapshot(some), { ...options, rows: 5 });
    expect(short).toHaveLength(5);
    expect(short.at(-1)).toBe('… 6 more lines');
  });

  it('never draws a line wider than the terminal, colours or not', () => {
    for (const colours of [false, true]) {
      const lines = renderTree(snapshot(some), {
        nowMs: now.getTime(),
        columns: 20,
        rows: null,
        paint: createPaint(colours),
      });
      expect(Math.max(...lines.map(visibleLength))).toBeLessThanOrEqual(20);
    }
  });
});

describe('renderChanges', () => {
  const words = (before: Snapshot | null, after: Snapshot) =>
    renderChanges(before, after, now, paint).map((line) => line.replace(/^\S+ /, ''));

  it('starts with what is going on and says each change once', () => {
    expect(words(null, snapshot(some))).toEqual([
      'edge-etcd-2 ✗ machine failed 2.0s apply ended with 1',
      '▶ etcd-ca running 12s (attempt 2)',
      'edge apply running',
    ]);
    expect(words(snapshot(some), snapshot(some))).toEqual([]);
    const done = [
      ...some.slice(0, 2),
      nodeRole('etcd-ca', null, { state: 'active' }, { attempt: 2, durationMs: 15_000 }),
    ];
    expect(words(snapshot(some), snapshot(done, 'succeeded'))).toEqual([
      '✓ etcd-ca active 15s',
      '− etcd-member@edge-etcd-1 removed',
      'edge apply succeeded',
    ]);
  });
});
