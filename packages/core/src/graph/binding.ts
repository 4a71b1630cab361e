import type { ActualNodeRole, SiteView } from '../actual.ts';
import type { InputBinding, Producer } from '../inputs.ts';
import type { NodeRoleKey } from '../node-role.ts';
import type { RoleDefinition, StageItem, Workflow } from '../role.ts';
import type { Specification } from '../specification.ts';
import type { ContentIndex } from './content-index.ts';
import type { NodeTemplate, RoleSlot } from './node-template.ts';
import type { WantedNode } from './wanted-nodes.ts';

/** One wanted node-role: a role, its name, its node, and what it stands on. */
export interface Binding extends InputBinding {
  readonly key: NodeRoleKey;
  readonly role: RoleDefinition;
  readonly as: string;
  readonly node: WantedNode | null;
  readonly site: SiteView | null;
  readonly item: StageItem | null;
  readonly stageIndex: number;
  /** Name of the stage. */
  readonly stage: string;
  /** Shared by all nodes of the same template: what depends on the role alone is remembered by it. */
  readonly slot: RoleSlot;
  /** The stored node-role, if there is one. */
  readonly row: ActualNodeRole | null;
  /** Never yet applied: its first run is a creation. */
  readonly isNew: boolean;
  /** One of those that make the cluster (`cluster` roles only). */
  readonly founder: boolean;
}

/** Everything a specification binds, with the placements that are frozen or that this plan makes. */
export interface Bindings {
  readonly spec: Specification;
  readonly workflow: Workflow;
  readonly index: ContentIndex;
  /** Sorted: the deployment's own, then by group name and ordinal. */
  readonly all: readonly Binding[];
  readonly byKey: ReadonlyMap<NodeRoleKey, Binding>;
  readonly nodes: readonly { readonly node: WantedNode; readonly template: NodeTemplate }[];
  /** Nodes of the founders that are wanted still, by the `as` of a cluster role. */
  readonly founders: ReadonlyMap<string, ReadonlySet<string>>;
  /** `once` node-roles whose node is gone: their outputs belong to the deployment and stay. */
  readonly outlived: readonly (Producer & { readonly as: string; readonly role: string })[];
  /** What this plan binds for good, to be stored at approval. */
  readonly made: {
    readonly founders: Readonly<Record<string, readonly string[]>>;
    readonly once: Readonly<Record<string, string>>;
  };
  /** Bindings by every name they go by; the nearest meaning of a name wins. */
  readonly instances: (name: string) => readonly Binding[];
}
