import type { Content, Need, RoleDefinition, Stage } from '../role.ts';
import type { Specification } from '../specification.ts';
import { defineNeed, defineOutput, definePack, defineRole, itemsOf, onNode } from './define-role.ts';
import { defineGroup, defineSpecification } from './etcd-fixture.ts';

/** One role as drawn. */
export interface RoleDraft {
  readonly stage: number;
  readonly placement: 'each' | 'each-a' | 'once' | 'deployment';
  readonly requires: readonly number[];
  readonly after: readonly number[];
  readonly needs: readonly {
    readonly of: number;
    readonly from: Need['from'];
    readonly tracked: boolean;
    readonly on: Need['on'];
    readonly quorum: boolean;
  }[];
  readonly cluster: 'parallel' | 'serial' | null;
}

export interface RandomContent {
  readonly content: Content;
  /** `a` fills slots a, and `b` fills b; both hold what is for every group. */
  readonly spec: (a: number, b: number) => Specification;
}

export interface RandomOptions {
  /** Roles look only to roles before them, and only where those are. Without it anything goes, cycles too. */
  readonly orderly: boolean;
  /** Whether `all` and `founders` may be tracked. */
  readonly trackedLists: boolean;
}

/** Content from whatever numbers a property test draws: indexes wrap around. */
export function contentOf(drafts: readonly RoleDraft[], barrier: boolean, options: RandomOptions): RandomContent {
  const sorted = options.orderly ? [...drafts].sort((a, b) => a.stage - b.stage) : drafts;
  const machine = defineRole('machine', { executor: 'provider', steps: {}, provides: ['machine-ready'] });
  const roles = sorted.map((draft, index) => roleOf(draft, index, sorted, options));
  const stages = [0, 1, 2].map((stage): Stage => {
    const named = (placements: readonly string[]) =>
      sorted.flatMap((draft, index) =>
        draft.stage === stage && placements.includes(draft.placement) ? [`r${index}`] : [],
      );
    return {
      name: `s${stage}`,
      barrier: barrier && stage === 2,
      onFailure: 'continue',
      deployment: itemsOf(...named(['deployment'])),
      nodes: { '*': itemsOf(...named(['each', 'once'])), a: itemsOf(...named(['each-a'])) },
    };
  });
  const first: Stage = {
    name: 'machine',
    barrier: false,
    onFailure: 'stop-node',
    deployment: [],
    nodes: { '*': itemsOf('machine-ready') },
  };
  const slot = { min: 0, max: null, oddAdvised: false };
  const workflow = { name: 'w', pack: 'p', summary: '', slots: { a: slot, b: slot }, stages: [first, ...stages] };
  return {
    content: { packs: [definePack('p', { roles: [machine, ...roles], workflows: [workflow] })] },
    spec: (a, b) => defineSpecification('d', 'w', [defineGroup('a', a), defineGroup('b', b)]),
  };
}

function roleOf(
  draft: RoleDraft,
  index: number,
  all: readonly RoleDraft[],
  { orderly, trackedLists }: RandomOptions,
): RoleDefinition {
  const pick = (of: number): number | null => {
    if (!orderly) return of % all.length;
    return index === 0 ? null : of % index;
  };
  const other = (of: number): { name: string; draft: RoleDraft } | null => {
    const at = pick(of);
    const found = at === null ? undefined : all[at];
    return found === undefined ? null : { name: `r${at ?? 0}`, draft: found };
  };
  const isHere = (parent: RoleDraft): boolean =>
    parent.placement === 'each' ||
    (parent.placement === draft.placement && draft.placement !== 'once') ||
    parent.placement === 'deployment';
  const requires = draft.requires.flatMap((of) => {
    const parent = other(of);
    if (parent === null || (orderly && !isHere(parent.draft))) return [];
    return orderly && draft.placement === 'deployment' && parent.draft.placement !== 'deployment'
      ? []
      : [onNode(parent.name, 'o')];
  });
  const needs = new Map(
    draft.needs.flatMap(({ of, from, tracked, on, quorum }): [string, Need][] => {
      const parent = other(of);
      if (parent === null) return [];
      // Founders of what is no cluster are all of them.
      const isList = from === 'all' || from === 'founders';
      const own = from === 'peers' && draft.cluster !== null;
      const name = own ? `r${index}` : parent.name;
      const min = quorum && from === 'all' ? 'quorum' : 1;
      // Peers of another role change with who is active when: nothing to predict.
      const isTracked = tracked && from !== 'peers' && from !== 'any' && (!isList || trackedLists) && min === 1;
      return [[name, defineNeed(name, from, { outputs: ['o'], tracked: isTracked, on: orderly ? 'both' : on, min })]];
    }),
  );
  const placement = draft.placement === 'each-a' ? 'each' : draft.placement;
  return defineRole(`r${index}`, {
    placement,
    requires: [
      ...(placement === 'deployment' ? [] : [onNode('machine-ready')]),
      ...new Map(requires.map((one) => [one.role, one])).values(),
    ],
    needs: [...needs.values()],
    after: draft.after.flatMap((of) => other(of)?.name ?? []),
    cluster: draft.cluster === null || placement !== 'each' ? null : { founding: draft.cluster, quorum: 'majority' },
    outputs: [defineOutput('o', index % 2 === 0 ? { example: 'o' } : { value: 'fixed' })],
  });
}
