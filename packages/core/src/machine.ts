import type { Json } from './json.ts';

/** What a group asks of a machine, by quantities; a site turns it into a type of its own. GiB are 2^30 bytes. */
export interface SizeRequest {
  readonly cpus?: number;
  readonly memoryGib?: number;
  readonly diskGib?: number;
  readonly gpus?: number;
  readonly arch?: string;
}

/** Facts of a node by name (`address`, `arch`, `cpus`, ...), normalised: nothing in them drifts by itself. */
export type Facts = Readonly<Record<string, Json>>;

/**
 * What a worker last saw of a site (provider contract, rule 1). The plan reads it, so that a wrong image or size is
 * found before anything is made.
 */
export interface Catalogue {
  /** When the worker looked, ISO 8601. */
  readonly at: string;
  /** Portable image names the site can deliver. */
  readonly images: readonly { readonly name: string; readonly arch: string; readonly description: string }[];
  /** Named sizes of the site; `custom: true` in limits means that any quantity within them fits. */
  readonly sizes: readonly {
    readonly name: string;
    readonly cpus: number;
    readonly memoryGib: number;
    readonly diskGib: number | null;
    readonly hourlyPrice: number | null;
  }[];
  /** Upper bounds for a size asked for by quantities; null where the site only has named sizes. */
  readonly custom: {
    readonly maxCpus: number;
    readonly maxMemoryGib: number;
    readonly maxDiskGib: number;
  } | null;
  readonly zones: readonly string[];
  /** What a node may ask for by `capabilities`. */
  readonly capabilities: readonly string[];
  /** Greatest number of nodes in all, null where unknown, and how many of them are taken. */
  readonly quota: { readonly nodes: number | null; readonly used: number };
  /** Machines ready to be claimed (metal pools); 0 where machines are made. */
  readonly pool: number;
}
