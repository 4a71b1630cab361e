import type { SiteView } from '../actual.ts';
import type { Content, ErrorKind, RoleDefinition } from '../role.ts';
import type { NodeGroup, Specification } from '../specification.ts';
import { defineOutput, defineParam } from '../testing/define-role.ts';
import { defineGroup, defineSpecification, here } from '../testing/etcd-fixture.ts';
import { contentOf, type RoleDraft } from '../testing/random-content.ts';

/** What a drawn role is besides its place in the graph. */
export interface RoleTraits {
  readonly lock: 'none' | 'deployment' | 'site';
  readonly max: number | string | null;
  readonly lane: 'main' | 'side';
  readonly removable: boolean;
  readonly checks: boolean;
  /** Which parameter it takes in. */
  readonly param: 'v' | 'w' | null;
  readonly output: 'fixed' | 'of-param' | 'written';
  readonly lostIsRetried: boolean;
  readonly inWorker: boolean;
}

export interface SmallRole extends RoleDraft {
  readonly traits: RoleTraits;
}

/** What a deployment of the model asks for; everything else of its specification stays. */
export interface Wish {
  readonly a: number;
  readonly b: number;
  readonly v: number;
  readonly w: number;
  readonly omitA: readonly number[];
  readonly omitB: readonly number[];
}

export interface SmallContent {
  readonly content: Content;
  readonly sites: readonly SiteView[];
  readonly spec: (wish: Wish) => Specification;
}

const sitesOfModel: readonly SiteView[] = [here, { ...here, name: 'there' }];

/** Random roles over two groups on two sites, each role with what the engine looks at besides the graph. */
export function smallContent(roles: readonly SmallRole[], barrier: boolean): SmallContent {
  const sorted = [...roles].sort((a, b) => a.stage - b.stage);
  const { content } = contentOf(sorted, barrier, { orderly: true, trackedLists: true });
  const params = [defineParam('v', { default: 0, disruption: 'restart' }), defineParam('w', { default: 0 })];
  const packs = content.packs.map((pack) => ({
    ...pack,
    params,
    roles: pack.roles.map((role) => withTraits(role, sorted, sorted[Number(role.name.slice(1))]?.traits ?? null)),
  }));
  const group = (name: string, count: number, more: Partial<NodeGroup>) => defineGroup(name, count, more);
  return {
    content: { packs },
    sites: sitesOfModel,
    spec: ({ a, b, v, w, omitA, omitB }) => ({
      ...defineSpecification('d', 'w', [group('a', a, { omit: omitA }), group('b', b, { omit: omitB, site: 'there' })]),
      params: { v, w },
    }),
  };
}

function withTraits(role: RoleDefinition, sorted: readonly SmallRole[], traits: RoleTraits | null): RoleDefinition {
  const retryOn: readonly ErrorKind[] = ['unreachable', 'transient', 'timeout'];
  if (traits === null) return { ...role, retry: { attempts: 3, backoffMs: 2_000, on: retryOn } };
  const { lock, max, lane, removable, checks, param, output, lostIsRetried, inWorker } = traits;
  const onNode = role.placement !== 'deployment';
  const worker = inWorker || !onNode;
  return {
    ...role,
    executor: worker ? 'noop' : 'script',
    steps: worker
      ? {}
      : {
          ...(checks ? { check: 'check.sh' } : {}),
          apply: 'apply.sh',
          verify: 'verify.sh',
          ...(removable ? { remove: 'remove.sh', evict: 'evict.sh' } : {}),
        },
    // A majority of what is there once, and may outlive its node, is a majority of nothing: no content asks for it.
    needs: role.needs.map((need) =>
      sorted[Number(need.role.slice(1))]?.placement === 'once' ? { ...need, min: 1 as const } : need,
    ),
    removeOnDestroy: removable,
    limits: { max, lock: lock === 'none' ? null : { name: `lock-${lock}`, scope: lock } },
    lane,
    uses: param === null ? [] : [param],
    outputs: [
      defineOutput(
        'o',
        output === 'fixed'
          ? { value: 'fixed' }
          : output === 'of-param' && param !== null
            ? { value: `{{ params.${param} }}` }
            : {},
      ),
    ],
    retry: { attempts: 3, backoffMs: 2_000, on: lostIsRetried ? [...retryOn, 'lost'] : retryOn },
  };
}
