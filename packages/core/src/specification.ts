import type { Json } from './json.ts';
import type { SizeRequest } from './machine.ts';

/** Parameter values of one layer, by full name (`etcd.quotaBackendBytes`). */
export type ParamLayer = Readonly<Record<string, Json>>;

export interface NodeGroup {
  readonly name: string;
  /** Slots of the workflow this group fills. */
  readonly roles: readonly string[];
  readonly count: number;
  /** Name of a site. */
  readonly site: string;
  readonly image: string | null;
  readonly size: SizeRequest | string | null;
  readonly capabilities: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
  readonly params: ParamLayer;
  /** By node name, `<deployment>-<group>-<ordinal>`. */
  readonly nodes: Readonly<
    Record<string, { readonly params: ParamLayer; readonly labels: Readonly<Record<string, string>> }>
  >;
  /** Ordinals that are retired and never bound. */
  readonly omit: readonly number[];
  readonly maxUnavailable: number | string | null;
  readonly maxFailed: number | string;
}

/** A deployment as its user wants it: normalised, every default filled in, so that equal wishes compare equal. */
export interface Specification {
  /** Version of this format. */
  readonly formwork: 1;
  readonly name: string;
  readonly workflow: string;
  /** Version ranges by pack name; a pack not named here takes its newest stored version at the first plan. */
  readonly packs: Readonly<Record<string, string>>;
  readonly profiles: readonly string[];
  readonly params: ParamLayer;
  readonly groups: readonly NodeGroup[];
  readonly converge: 'manual' | 'auto';
  /** Greater is sooner; 0 by default. */
  readonly priority: number;
  readonly ttlMs: number | null;
}

/** A secret value after the server has taken it out of a specification or an output: only this is ever stored or shown. */
export interface SecretReference {
  readonly $secret: {
    readonly ref: string;
    readonly version: number /** HMAC-SHA-256, hex. */;
    readonly digest: string;
  };
}
