import { describe, expect, it } from 'vitest';
import type { Actual, ActualNodeRole } from '../actual.ts';
import type { Plan } from '../plan.ts';
import type { Content, RoleDefinition } from '../role.ts';
import type { Specification } from '../specification.ts';
import { edge, etcdContent, here } from '../testing/etcd-fixture.ts';
import { evaluate } from '../testing/evaluate.ts';
import { emptyActual, perform } from '../testing/perform.ts';
import { planDeployment } from './plan-deployment.ts';
import { planTask } from './plan-task.ts';
import { renderPlan } from './render-plan.ts';

const sites = [here];

const check = (wanted: Specification, actual: Actual, content: Content = etcdContent) =>
  planDeployment({ wanted, actual, content, sites, evaluate, purpose: 'apply' });

function plan(wanted: Specification, actual: Actual, content: Content = etcdContent): Plan {
  const checked = check(wanted, actual, content);
  if (!checked.ok) throw new Error(JSON.stringify(checked.problems));
  return checked.value;
}

const apply = (wanted: Specification, before: Actual): Actual =>
  perform({ content: etcdContent, sites }, wanted, plan(wanted, before), before);

const three = apply(edge(3), emptyActual);

const summary = ({ actions }: Plan) =>
  actions.map(({ action, nodeRole, reason }) => `${action} ${nodeRole}: ${reason.kind}`);

const withRow = (actual: Actual, key: string, change: (row: ActualNodeRole) => ActualNodeRole): Actual => ({
  ...actual,
  nodeRoles: actual.nodeRoles.map((row) => (row.key === key ? change(row) : row)),
});

const withRole = (name: string, more: Partial<RoleDefinition>): Content => ({
  packs: etcdContent.packs.map((pack) => ({
    ...pack,
    roles: pack.roles.map((role) => (role.name === name ? { ...role, ...more } : role)),
  })),
});

describe('reasons', () => {
  it('follows a fact to every output that is computed from it', () => {
    const moved: Actual = {
      ...three,
      nodes: three.nodes.map((node) => (node.ordinal === 2 ? { ...node, facts: { address: '10.0.9.9' } } : node)),
    };
    const { actions } = plan(edge(3), moved);
    expect(actions.map(({ nodeRole, reason }) => [nodeRole, reason])).toEqual([
      ['etcd-cert@edge-etcd-2', { kind: 'fact', names: ['address'] }],
      ['etcd-member@edge-etcd-2', { kind: 'fact', names: ['address'] }],
      ['etcd-cluster', { kind: 'output', role: 'etcd-member', outputs: ['clientUrl'] }],
    ]);
    expect(actions.every(({ certainty }) => certainty.kind === 'will')).toBe(true);
  });

  it('says what may follow, where only the run can tell', () => {
    const { actions } = plan(edge(3), three, withRole('etcd-ca', { digest: 'new' }));
    const [ca, cert] = actions;
    expect(ca).toMatchObject({ nodeRole: 'etcd-ca', reason: { kind: 'role-changed', to: 'new' } });
    expect(cert).toMatchObject({
      nodeRole: 'etcd-cert@edge-etcd-1',
      reason: { kind: 'output', role: 'etcd-ca', outputs: ['certificate'] },
      certainty: { kind: 'if-output-changed', role: 'etcd-ca', output: 'certificate' },
    });
    expect(actions).toHaveLength(1 + 3 + 3 + 1);
  });

  it('takes the worst that a parameter declares for a new version, or what `upgrades` states', () => {
    const disruptionOf = (content: Content) => plan(edge(3), three, content).disruption['edge-etcd-1'];
    expect(disruptionOf(withRole('etcd-member', { digest: 'new' }))).toBe('restart');
    const upgrades = [{ from: '*', disruption: 'drain', rerun: true }] as const;
    expect(disruptionOf(withRole('etcd-member', { digest: 'new', upgrades }))).toBe('drain');
  });

  it('repeats what was not verified, though the parameter was taken back', () => {
    const dirty = withRow(three, 'etcd-member@edge-etcd-2', (row) => ({
      ...row,
      applied: row.applied === null ? null : { ...row.applied, clean: false },
    }));
    expect(plan(edge(3), dirty).actions).toMatchObject([
      { action: 're-run', nodeRole: 'etcd-member@edge-etcd-2', reason: { kind: 'not-clean' }, disruption: 'restart' },
    ]);
  });

  it('goes on with what a former run did not finish', () => {
    const blocked = withRow(three, 'host-time@edge-etcd-1', (row) => ({ ...row, state: { state: 'blocked' } }));
    expect(summary(plan(edge(3), blocked))).toEqual(['re-run host-time@edge-etcd-1: unfinished']);
    const failed = withRow(apply(edge(4), three), 'etcd-member@edge-etcd-4', (row) => ({
      ...row,
      applied: null,
      state: { state: 'failed', error: { kind: 'failed', code: 'exit-1', message: '' }, retryAtMs: null },
    }));
    expect(summary(plan(edge(4), failed))[0]).toBe('join etcd-member@edge-etcd-4: unfinished');
  });

  it('pins the versions of what it names', () => {
    const { precondition } = plan(edge(3, {}, { 'etcd.snapshotCount': 5000 }), three);
    expect(precondition.committedVersion).toBe(1);
    expect(Object.keys(precondition.nodes)).toEqual(['edge-etcd-1', 'edge-etcd-2', 'edge-etcd-3']);
    expect(precondition.nodeRoles).toMatchObject({ 'etcd-member@edge-etcd-1': 2 });
  });
});

describe('nodes that go and come', () => {
  it("lets a machine under a former founder's name join", () => {
    const without = apply(edge(2, { omit: [1] }), apply(edge(2, { omit: [] }), three));
    const back = plan(edge(3), without);
    expect(summary(back)).toContain('join etcd-member@edge-etcd-1: new-node');
    expect(back.founders).toEqual({});
  });

  it('waits until a name is free', () => {
    const going: Actual = {
      ...three,
      nodes: three.nodes.map((node) => (node.ordinal === 3 ? { ...node, state: 'destroying' } : node)),
    };
    expect(check(edge(3), going)).toMatchObject({ ok: false, problems: [{ code: 'node-being-destroyed' }] });
  });

  it('warns of a lost node that is still wanted', () => {
    const lost: Actual = {
      ...three,
      nodes: three.nodes.map((node) => (node.ordinal === 2 ? { ...node, lost: true } : node)),
    };
    expect(plan(edge(3), lost).warnings).toEqual([
      'edge-etcd-2 is lost and nothing can run on it: add 2 to omit of group etcd to replace it',
    ]);
  });

  it('removes a role that the workflow no longer sends, if the role can', () => {
    const shrink = (workflowRoles: readonly string[]): Content => ({
      packs: etcdContent.packs.map((pack) => ({
        ...pack,
        workflows: pack.workflows.map((workflow) => ({
          ...workflow,
          stages: workflow.stages.map((stage) => ({
            ...stage,
            nodes: Object.fromEntries(
              Object.entries(stage.nodes).map(([slot, items]) => [
                slot,
                items.filter((item) => !workflowRoles.includes(item.role)),
              ]),
            ),
          })),
        })),
      })),
    });
    const withRemove: Content = {
      packs: shrink(['host-time', 'host-sysctl']).packs.map((pack) => ({
        ...pack,
        roles: pack.roles.map((role) =>
          role.name === 'host-time' ? { ...role, steps: { ...role.steps, remove: 'remove.sh' } } : role,
        ),
      })),
    };
    expect(summary(plan(edge(3), three, withRemove))).toEqual([
      'remove host-time@edge-etcd-1: role-unbound',
      'remove host-time@edge-etcd-2: role-unbound',
      'remove host-time@edge-etcd-3: role-unbound',
    ]);
  });
});

describe('destroying', () => {
  it('removes first what says so, on nodes that answer', () => {
    const content = withRole('etcd-member', { removeOnDestroy: true });
    const actual: Actual = {
      ...three,
      nodes: three.nodes.map((node) => (node.ordinal === 2 ? { ...node, lost: true } : node)),
    };
    const destroyed = planDeployment({ wanted: edge(3), actual, content, sites, evaluate, purpose: 'destroy' });
    expect(destroyed.ok && summary(destroyed.value)).toEqual([
      'evict etcd-member@edge-etcd-2: destroy',
      'destroy-node machine@edge-etcd-2: destroy',
      'remove etcd-member@edge-etcd-1: destroy',
      'destroy-node machine@edge-etcd-1: destroy',
      'remove etcd-member@edge-etcd-3: destroy',
      'destroy-node machine@edge-etcd-3: destroy',
    ]);
    expect(destroyed.ok && destroyed.value.graph.edges.every(({ kind }) => kind === 'order')).toBe(true);
  });

  it('has nothing to do where nothing is', () => {
    const request = { wanted: edge(3), content: etcdContent, sites, evaluate, purpose: 'destroy' } as const;
    expect(planDeployment({ ...request, actual: emptyActual })).toMatchObject({ ok: true, value: { actions: [] } });
  });
});

describe('tasks', () => {
  const request = { task: 'etcd-backup', nodes: null, wanted: edge(3), content: etcdContent, sites };

  it('runs on demand, alone', () => {
    const task = planTask({ ...request, actual: three });
    if (!task.ok) throw new Error(JSON.stringify(task.problems));
    expect(summary(task.value)).toEqual(['run etcd-backup: requested']);
    expect(task.value.graph.vertices).toHaveLength(1);
    expect(renderPlan(task.value)).toBe('edge: task etcd-backup\n  run          etcd-backup  requested\n');
  });

  it('wants what it needs to be active', () => {
    expect(planTask({ ...request, actual: emptyActual })).toMatchObject({
      ok: false,
      problems: [{ code: 'not-active', message: 'etcd-backup needs etcd-cluster, and none is active' }, {}],
    });
  });

  it('refuses what is no task', () => {
    expect(planTask({ ...request, task: 'etcd-member', actual: three })).toMatchObject({
      ok: false,
      problems: [{ code: 'unknown-task', remedy: 'tasks: etcd-backup' }],
    });
  });
});
