import { describe, expect, it } from 'vitest';
import type { Actual } from '../actual.ts';
import { bindDeployment } from '../graph/bind-deployment.ts';
import { buildGraph } from '../graph/build-graph.ts';
import { renderGraph } from '../graph/render-graph.ts';
import type { Plan } from '../plan.ts';
import type { Specification } from '../specification.ts';
import { edge, etcdContent, here } from '../testing/etcd-fixture.ts';
import { evaluate } from '../testing/evaluate.ts';
import { emptyActual, perform } from '../testing/perform.ts';
import { planDeployment } from './plan-deployment.ts';
import { renderPlan } from './render-plan.ts';

const world = { content: etcdContent, sites: [here] };

const check = (wanted: Specification, actual: Actual, purpose: 'apply' | 'destroy' = 'apply') =>
  planDeployment({ wanted, actual, ...world, evaluate, purpose });

function plan(wanted: Specification, actual: Actual, purpose: 'apply' | 'destroy' = 'apply'): Plan {
  const checked = check(wanted, actual, purpose);
  if (!checked.ok) throw new Error(JSON.stringify(checked.problems));
  return checked.value;
}

const built = (count: number): Actual => perform(world, edge(count), plan(edge(count), emptyActual), emptyActual);

const kill = (actual: Actual, ...ordinals: readonly number[]): Actual => ({
  ...actual,
  nodes: actual.nodes.map((node) => (ordinals.includes(node.ordinal) ? { ...node, state: 'unreachable' } : node)),
});

const actionsOf = ({ actions }: Plan): readonly string[] =>
  actions.map(({ action, nodeRole }) => `${action} ${nodeRole}`);

describe('the graph of three members', () => {
  it('is the one worked out by hand', () => {
    const { bindings } = bindDeployment({ spec: edge(3), ...world, actual: emptyActual });
    if (bindings === null) throw new Error('no bindings');
    const graph = buildGraph(bindings);
    expect(graph.ok && `\n${renderGraph(graph.value)}`).toMatchInlineSnapshot(`
      "
      29 node-roles, 5 gates, 61 edges
      etcd-ca -> etcd-cert@edge-etcd-1..3   (hard)
      etcd-cert@edge-etcd-1..3 -> gate founders(etcd-cert)   (hard)
      etcd-cert@edge-etcd-i -> etcd-member@edge-etcd-i   (hard, i = 1..3)
      etcd-install@edge-etcd-i -> etcd-member@edge-etcd-i   (hard, i = 1..3)
      etcd-member@edge-etcd-1..3 -> gate all(etcd-member)   (hard)
      gate all(etcd-member) -> etcd-cluster   (hard)
      gate founders(etcd-cert) -> etcd-member@edge-etcd-1..3   (hard)
      gate stage baseline@edge-etcd-i -> etcd-cert@edge-etcd-i etcd-install@edge-etcd-i   (order, i = 1..3)
      host-hosts@edge-etcd-i -> gate stage baseline@edge-etcd-i   (order, i = 1..3)
      host-name@edge-etcd-i -> gate stage baseline@edge-etcd-i   (order, i = 1..3)
      host-packages@edge-etcd-i -> etcd-install@edge-etcd-i   (hard, i = 1..3)
      host-packages@edge-etcd-i -> gate stage baseline@edge-etcd-i   (order, i = 1..3)
      host-sysctl@edge-etcd-i -> gate stage baseline@edge-etcd-i   (order, i = 1..3)
      host-time@edge-etcd-i -> gate stage baseline@edge-etcd-i   (order, i = 1..3)
      machine@edge-etcd-i -> etcd-cert@edge-etcd-i host-hosts@edge-etcd-i host-name@edge-etcd-i host-packages@edge-etcd-i host-sysctl@edge-etcd-i host-time@edge-etcd-i   (hard, i = 1..3)
      "
    `);
  });

  it('founds with all three, in one plan of 29', () => {
    const first = plan(edge(3), emptyActual);
    expect(first.total).toBe(29);
    expect(first.founders).toEqual({ 'etcd-member': ['edge-etcd-1', 'edge-etcd-2', 'edge-etcd-3'] });
    expect(`\n${renderPlan(first)}`).toMatchInlineSnapshot(`
      "
      edge: 29 of 29 node-roles to run
        create-node  machine@edge-etcd-1..3        new node
        run          host-hosts@edge-etcd-1..3     new node
        run          host-name@edge-etcd-1..3      new node
        run          host-packages@edge-etcd-1..3  new node
        run          host-sysctl@edge-etcd-1..3    new node
        run          host-time@edge-etcd-1..3      new node
        run          etcd-ca                       new role
        run          etcd-cert@edge-etcd-1..3      new node
        run          etcd-install@edge-etcd-1..3   new node
        run          etcd-member@edge-etcd-1..3    new node
        run          etcd-cluster                  new role
      "
    `);
  });
});

describe('the four changes', () => {
  it('needs nothing while nothing changes', () => {
    const again = plan(edge(3), built(3));
    expect(again.actions).toEqual([]);
    expect(renderPlan(again)).toBe('edge: nothing to do, all 29 node-roles are as wanted\n');
  });

  it('re-runs the members alone for a new quota: 3 of 29', () => {
    const changed = plan(edge(3, {}, { 'etcd.quotaBackendBytes': 4294967296 }), built(3));
    expect(changed.actions).toHaveLength(3);
    expect(changed.disruption).toEqual({
      'edge-etcd-1': 'restart',
      'edge-etcd-2': 'restart',
      'edge-etcd-3': 'restart',
    });
    expect(`\n${renderPlan(changed)}`).toMatchInlineSnapshot(`
      "
      edge: 3 of 29 node-roles to run
        re-run       etcd-member@edge-etcd-1..3  param etcd.quotaBackendBytes; disruption: restart
      "
    `);
  });

  it('runs 19 of 47 for two more members, none on the others', () => {
    const grown = plan(edge(5), built(3));
    expect(grown.total).toBe(47);
    expect(grown.actions).toHaveLength(19);
    expect(grown.actions.filter(({ node }) => /-[123]$/.test(node ?? ''))).toEqual([]);
    expect(grown.founders).toEqual({});
    expect(`\n${renderPlan(grown)}`).toMatchInlineSnapshot(`
      "
      edge: 19 of 47 node-roles to run; 0 on other nodes
        create-node  machine@edge-etcd-4..5        new node
        run          host-hosts@edge-etcd-4..5     new node
        run          host-name@edge-etcd-4..5      new node
        run          host-packages@edge-etcd-4..5  new node
        run          host-sysctl@edge-etcd-4..5    new node
        run          host-time@edge-etcd-4..5      new node
        run          etcd-cert@edge-etcd-4..5      new node
        run          etcd-install@edge-etcd-4..5   new node
        join         etcd-member@edge-etcd-4..5    new node
        re-run       etcd-cluster                  new etcd-member on edge-etcd-4..5
      "
    `);
    const graph = grown.graph.edges.map(({ from, to }) => `${from} -> ${to}`);
    expect(graph).toContain('gate peers(etcd-member) -> etcd-member@edge-etcd-4');
    expect(graph).not.toContain('etcd-member@edge-etcd-5 -> gate peers(etcd-member)');
    expect(plan(edge(5), perform(world, edge(5), grown, built(3))).actions).toEqual([]);
  });

  it('takes the fifth member away after its consumer has let go of it', () => {
    const shrunk = plan(edge(4), built(5));
    expect(actionsOf(shrunk)).toEqual([
      're-run etcd-cluster',
      'remove etcd-member@edge-etcd-5',
      'destroy-node machine@edge-etcd-5',
    ]);
    expect(`\n${renderPlan(shrunk)}`).toMatchInlineSnapshot(`
      "
      edge: 1 of 38 node-roles to run, 2 to take away; 0 on other nodes
        re-run       etcd-cluster             no etcd-member on edge-etcd-5 any more
        remove       etcd-member@edge-etcd-5  fewer nodes wanted
        destroy-node machine@edge-etcd-5      fewer nodes wanted
        note: edge has 4 nodes for etcd: an odd count survives as many losses with one node less
      "
    `);
    expect(plan(edge(4), perform(world, edge(4), shrunk, built(5))).actions).toEqual([]);
  });

  it('evicts a dead member before another takes its place', () => {
    const replaced = plan(edge(3, { omit: [2] }), kill(built(3), 2));
    expect(actionsOf(replaced).slice(0, 3)).toEqual([
      'evict etcd-member@edge-etcd-2',
      'destroy-node machine@edge-etcd-2',
      'create-node machine@edge-etcd-4',
    ]);
    expect(actionsOf(replaced)).toHaveLength(12);
    expect(actionsOf(replaced)).toContain('join etcd-member@edge-etcd-4');
    expect(`\n${renderPlan(replaced)}`).toMatchInlineSnapshot(`
      "
      edge: 10 of 29 node-roles to run, 2 to take away; 0 on other nodes
        evict        etcd-member@edge-etcd-2    node is gone
        destroy-node machine@edge-etcd-2        node is gone
        create-node  machine@edge-etcd-4        new node
        run          host-hosts@edge-etcd-4     new node
        run          host-name@edge-etcd-4      new node
        run          host-packages@edge-etcd-4  new node
        run          host-sysctl@edge-etcd-4    new node
        run          host-time@edge-etcd-4      new node
        run          etcd-cert@edge-etcd-4      new node
        run          etcd-install@edge-etcd-4   new node
        join         etcd-member@edge-etcd-4    new node
        re-run       etcd-cluster               new etcd-member on edge-etcd-4
      "
    `);
    const after = perform(world, edge(3, { omit: [2] }), replaced, kill(built(3), 2));
    expect(plan(edge(3, { omit: [2] }), after).actions).toEqual([]);
  });
});

describe('quorum', () => {
  const refusal = (wanted: Specification, actual: Actual) => {
    const checked = check(wanted, actual);
    return checked.ok ? [] : checked.problems;
  };

  it.each([
    [3, 1, 'set count 2, apply, then 1; or destroy the deployment'],
    [5, 1, 'set count 3, apply, then 2, then 1; or destroy the deployment'],
  ])('refuses %i -> %i and names the way', (from, to, remedy) => {
    expect(refusal(edge(to), built(from))).toMatchObject([{ code: 'quorum-lost', path: '$.groups[0].count', remedy }]);
  });

  it.each([
    [3, 2],
    [2, 1],
    [5, 3],
  ])('lets %i -> %i pass', (from, to) => {
    expect(refusal(edge(to), built(from))).toEqual([]);
  });

  it('refuses to take a healthy member while a dead one still counts', () => {
    expect(refusal(edge(2), kill(built(3), 1))).toMatchObject([
      {
        code: 'quorum-lost',
        remedy: 'bring back edge-etcd-1, or retire the dead first with omit: [1]; or destroy the deployment',
      },
    ]);
  });

  it('refuses when the majority is gone already', () => {
    expect(refusal(edge(2, { omit: [2] }), kill(built(3), 2, 3))).toMatchObject([{ code: 'quorum-lost' }]);
  });
});

describe('destroying the deployment', () => {
  it('destroys the nodes and removes nothing on them', () => {
    const destroyed = plan(edge(3), built(3), 'destroy');
    expect(actionsOf(destroyed)).toEqual([
      'destroy-node machine@edge-etcd-1',
      'destroy-node machine@edge-etcd-2',
      'destroy-node machine@edge-etcd-3',
    ]);
    expect(renderPlan(destroyed)).toContain('edge: destroy 3 nodes with 29 node-roles');
  });
});
