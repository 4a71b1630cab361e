import { describe, expect, it } from 'vitest';
import type { Actual, SiteView } from '../actual.ts';
import type { Problem } from '../problem.ts';
import type { RoleDefinition, Stage } from '../role.ts';
import { defineNeed, definePack, defineRole, itemsOf, onNode } from '../testing/define-role.ts';
import { defineGroup, defineSpecification, here } from '../testing/etcd-fixture.ts';
import { emptyActual } from '../testing/perform.ts';
import { bindDeployment } from './bind-deployment.ts';
import type { Bindings } from './binding.ts';
import { buildGraph } from './build-graph.ts';
import { wantedNodes } from './wanted-nodes.ts';

const machine = defineRole('machine', { provides: ['machine-ready'] });
const simMachine = defineRole('sim-machine', { provides: ['machine-ready'] });

const stage = (name: string, nodes: readonly string[], more: Partial<Stage> = {}): Stage => ({
  name,
  barrier: false,
  onFailure: 'continue',
  deployment: [],
  nodes: { '*': itemsOf(...nodes) },
  ...more,
});

interface Setup {
  readonly roles: readonly RoleDefinition[];
  readonly stages: readonly Stage[];
  readonly count?: number;
  readonly omit?: readonly number[];
  readonly actual?: Actual;
  readonly site?: SiteView;
}

function bind(setup: Setup): { bindings: Bindings; problems: readonly Problem[] } {
  const { roles, stages, count = 2, omit = [], actual = emptyActual, site = here } = setup;
  const slots = { a: { min: 1, max: null, oddAdvised: false } };
  const workflow = { name: 'w', pack: 'p', summary: '', slots, stages };
  const content = { packs: [definePack('p', { roles: [machine, simMachine, ...roles], workflows: [workflow] })] };
  const spec = defineSpecification('d', 'w', [defineGroup('a', count, { omit })]);
  const { bindings, problems } = bindDeployment({ spec, content, sites: [site], actual });
  if (bindings === null) throw new Error('no workflow');
  return { bindings, problems };
}

function edges(setup: Setup): readonly string[] {
  const { bindings, problems } = bind(setup);
  expect(problems).toEqual([]);
  const graph = buildGraph(bindings);
  if (!graph.ok) throw new Error(JSON.stringify(graph.problems));
  return graph.value.edges.map(({ from, to, kind }) => `${from} ${kind === 'hard' ? '->' : '~>'} ${to}`);
}

function problemsOf(setup: Setup): readonly Problem[] {
  const { bindings, problems } = bind(setup);
  const graph = buildGraph(bindings);
  return [...problems, ...(graph.ok ? [] : graph.problems)];
}

const keys = (setup: Setup) => bind(setup).bindings.all.map((binding) => binding.key);

describe('binding roles', () => {
  it('counts the lowest ordinals that are not omitted', () => {
    const spec = defineSpecification('d', 'w', [defineGroup('b', 1), defineGroup('a', 3, { omit: [1, 3] })]);
    expect(wantedNodes(spec).map(({ name }) => name)).toEqual(['d-a-2', 'd-a-4', 'd-a-5', 'd-b-1']);
  });

  it('takes the role by which the site provides a capability', () => {
    const site = { ...here, capabilities: { 'machine-ready': 'sim-machine' } };
    expect(keys({ roles: [], stages: [stage('m', ['machine-ready'])], count: 1, site })).toEqual(['sim-machine@d-a-1']);
    const dumb = { ...here, capabilities: {} };
    expect(problemsOf({ roles: [], stages: [stage('m', ['machine-ready'])], site: dumb })).toMatchObject([
      { code: 'unknown-role' },
    ]);
  });

  it('pulls what is required into the first stage that requires it', () => {
    const roles = [
      defineRole('x', { requires: [onNode('y')] }),
      defineRole('y', { requires: [onNode('machine-ready')] }),
      defineRole('z', { requires: [onNode('y')] }),
    ];
    const { bindings } = bind({ roles, stages: [stage('one', ['x']), stage('two', ['z'])], count: 1 });
    expect(bindings.all.map(({ key, stage: name }) => `${key} ${name}`).sort()).toEqual([
      'machine@d-a-1 one',
      'x@d-a-1 one',
      'y@d-a-1 one',
      'z@d-a-1 two',
    ]);
  });

  it('refuses what contradicts the order of stages, naming both', () => {
    const roles = [defineRole('x', { requires: [onNode('y')] }), defineRole('y')];
    expect(problemsOf({ roles, stages: [stage('one', ['x']), stage('two', ['y'])] })[0]).toMatchObject({
      code: 'requires-against-stage-order',
      message: 'x in stage one requires y, which workflow w sends only in stage two',
    });
  });

  it('names missing requirements and needs, all at once', () => {
    const roles = [
      defineRole('x', { requires: [onNode('nothing')] }),
      defineRole('y', { needs: [defineNeed('nobody', 'one'), defineNeed('no-one', 'all')] }),
    ];
    expect(problemsOf({ roles, stages: [stage('one', ['x', 'y'])] }).map(({ message }) => message)).toEqual([
      'x requires nothing on the same node, and nothing in group a is or provides it',
      'y needs nobody, and no node-role of this deployment is that',
      'y needs no-one, and no node-role of this deployment is that',
    ]);
  });
});

describe('once and rest', () => {
  const roles = [
    defineRole('init', { placement: 'once', provides: ['joined'] }),
    defineRole('join', { placement: 'rest', restOf: 'init', provides: ['joined'], needs: [defineNeed('init', 'one')] }),
    defineRole('ready', { requires: [onNode('joined')] }),
  ];
  const setup: Setup = { roles, stages: [stage('one', ['init', 'join']), stage('two', ['ready'])], count: 3 };

  it('binds once to the lowest ordinal and the rest to the others', () => {
    expect(keys(setup).filter((key) => !key.startsWith('ready'))).toEqual(['init@d-a-1', 'join@d-a-2', 'join@d-a-3']);
    expect(bind(setup).bindings.made.once).toEqual({ init: 'd-a-1' });
    expect(edges(setup)).toContain('init@d-a-1 -> join@d-a-3');
    expect(edges(setup)).toContain('init@d-a-1 -> ready@d-a-1');
    expect(edges(setup)).toContain('join@d-a-2 -> ready@d-a-2');
  });

  const row = {
    id: '1',
    key: 'init@d-a-1',
    role: 'init',
    as: 'init',
    node: 'd-a-1',
    state: { state: 'active' },
    applied: null,
    founder: false,
    everStarted: true,
    version: 1,
  } as const;

  it('never moves what has started: its node gone, the others are all the rest', () => {
    const actual: Actual = { ...emptyActual, once: { init: 'd-a-1' }, nodeRoles: [row] };
    const { bindings } = bind({ ...setup, omit: [1], actual });
    expect(bindings.outlived).toEqual([{ key: 'init@d-a-1', node: 'd-a-1', as: 'init', role: 'init' }]);
    expect(bindings.all.filter(({ as }) => as === 'init')).toEqual([]);
    expect(bindings.all.filter(({ as }) => as === 'join')).toHaveLength(3);
  });

  it('gives the rest to a new machine under the old name', () => {
    const actual: Actual = { ...emptyActual, once: { init: 'd-a-1' }, nodeRoles: [row] };
    expect(keys({ ...setup, actual })).toContain('join@d-a-1');
  });

  it('moves what has never started', () => {
    const actual: Actual = { ...emptyActual, once: { init: 'd-a-1' }, nodeRoles: [{ ...row, everStarted: false }] };
    expect(bind({ ...setup, omit: [1], actual }).bindings.made.once).toEqual({ init: 'd-a-2' });
  });
});

describe('edges', () => {
  const x = defineRole('x');
  const y = defineRole('y');

  it('opens the next stage of a node by a gate of order, and only its roots', () => {
    const z = defineRole('z', { requires: [onNode('y')] });
    expect(edges({ roles: [x, y, z], stages: [stage('one', ['x']), stage('two', ['y', 'z'])], count: 1 })).toEqual([
      'gate stage one@d-a-1 ~> y@d-a-1',
      'x@d-a-1 ~> gate stage one@d-a-1',
      'y@d-a-1 -> z@d-a-1',
    ]);
  });

  it('lets no node past a barrier before all are there', () => {
    const stages = [stage('one', ['x']), stage('two', ['y'], { barrier: true })];
    expect(edges({ roles: [x, y], stages })).toEqual([
      'gate barrier two ~> y@d-a-1',
      'gate barrier two ~> y@d-a-2',
      'x@d-a-1 ~> gate barrier two',
      'x@d-a-2 ~> gate barrier two',
    ]);
  });

  it('goes through one gate where there are several producers', () => {
    const reader = defineRole('reader', {
      needs: [defineNeed('x', 'all'), defineNeed('y', 'any'), defineNeed('x', 'all', { min: 'quorum' })],
    });
    const all = edges({ roles: [x, y, reader], stages: [stage('one', ['x', 'y', 'reader'])], count: 3 });
    expect(all.filter((edge) => edge.endsWith('reader@d-a-1'))).toEqual([
      'gate all(x) -> reader@d-a-1',
      'gate all(x) min 2 -> reader@d-a-1',
      'gate any(y) -> reader@d-a-1',
    ]);
    expect(all).toHaveLength(3 * 3 + 3 * 3);
  });

  it('draws an edge of `on: create` for a first run alone', () => {
    const reader = (on: 'create' | 'change') => defineRole('reader', { needs: [defineNeed('x', 'all', { on })] });
    const stages = [stage('one', ['x', 'reader'])];
    const toReader = (all: readonly string[]) => all.filter((edge) => edge.includes('reader'));
    expect(toReader(edges({ roles: [x, reader('create')], stages }))).toHaveLength(2);
    expect(toReader(edges({ roles: [x, reader('change')], stages }))).toHaveLength(0);
  });

  it('runs a script of the deployment once any node has what it runs on', () => {
    const probe = defineRole('probe', { placement: 'deployment', runsOn: 'x' });
    const stages = [stage('one', ['x'], { deployment: itemsOf('probe') })];
    expect(edges({ roles: [x, probe], stages })).toContain('gate any(x) -> probe');
  });

  it('orders by `after` on the node, and across nodes for the deployment', () => {
    const roles = [x, defineRole('y', { after: ['x'] }), defineRole('own', { placement: 'deployment', after: ['y'] })];
    const all = edges({ roles, stages: [stage('one', ['x', 'y'], { deployment: itemsOf('own') })], count: 1 });
    expect(all).toEqual(['gate after(y) ~> own', 'x@d-a-1 ~> y@d-a-1', 'y@d-a-1 ~> gate after(y)']);
  });

  it('founds serially with the lowest ordinal; the others join through their peers', () => {
    const peers = defineNeed('member', 'peers', { tracked: false });
    const member = defineRole('member', { cluster: { founding: 'serial', quorum: 'none' }, needs: [peers] });
    const setup = { roles: [member], stages: [stage('one', ['member'])], count: 3 };
    expect(bind(setup).bindings.made.founders).toEqual({ member: ['d-a-1'] });
    expect(edges(setup)).toEqual([
      'gate peers(member) -> member@d-a-2',
      'gate peers(member) -> member@d-a-3',
      'member@d-a-1 -> gate peers(member)',
    ]);
  });

  it('keeps the founders of one cluster apart from those whom another role means', () => {
    const plain = defineRole('plain');
    const cluster = defineRole('cluster', {
      cluster: { founding: 'serial', quorum: 'majority' },
      needs: [defineNeed('plain', 'founders')],
    });
    const other = defineRole('other', { needs: [defineNeed('plain', 'founders')] });
    const drawn = edges({ roles: [plain, cluster, other], stages: [stage('s', ['plain', 'cluster', 'other'])] });
    expect(drawn.filter((edge) => edge.includes('gate founders'))).toMatchInlineSnapshot(`
      [
        "gate founders(plain) -> cluster@d-a-1",
        "gate founders(plain) -> cluster@d-a-2",
        "gate founders(plain) of other -> other@d-a-1",
        "gate founders(plain) of other -> other@d-a-2",
        "plain@d-a-1 -> gate founders(plain)",
        "plain@d-a-1 -> gate founders(plain) of other",
        "plain@d-a-2 -> gate founders(plain) of other",
      ]
    `);
  });

  it('names a cycle vertex by vertex', () => {
    const roles = [
      defineRole('x', { needs: [defineNeed('y', 'all')] }),
      defineRole('y', { needs: [defineNeed('x', 'all')] }),
    ];
    const [problem] = problemsOf({ roles, stages: [stage('one', ['x', 'y'])], count: 1 });
    expect(problem?.code).toBe('cycle');
    for (const vertex of ['x@d-a-1', 'gate all(x)', 'y@d-a-1', 'gate all(y)'])
      expect(problem?.message).toContain(vertex);
  });
});
