import type { Descriptor, NodeRequest, OwnedResource, Provider } from '@formwork/providers';

/** What the suite asks of a provider's test: a site of its own, empty at the start. */
export interface ConformanceHarness {
  readonly descriptor: Descriptor;
  /** Opens the same site again: same site id, configuration and data directory. */
  open(): Provider;
  /** A valid request; the same arguments give the same key. Deployments `edge` and `core` exist. */
  request(ordinal: number, deployment?: 'edge' | 'core'): NodeRequest;
  /** Private half of the requests' key, OpenSSH; null where nothing listens (simulated machines). */
  readonly privateKey: string | null;
  /** How many machines rule 7 makes: as many as the site can stand. */
  readonly manyNodes: number;
  /** Machines among what is owned, one entry each. */
  machines(owned: readonly OwnedResource[]): readonly OwnedResource[];
  /** A site whose configuration can be parsed and yet cannot work, and the field at fault. */
  wrong(): { readonly provider: Provider; readonly path: string };
  /** The site opened with a fault, where the provider has a way to have it. */
  readonly faults: {
    readonly lostCreate?: () => Provider;
    readonly throttled?: () => Provider;
    readonly slowCalls?: () => Provider;
  };
  /** What must never be in an answer or a log. */
  readonly secrets: readonly string[];
  /** Everything the provider has logged. */
  readonly logged: readonly string[];
  /** Upper bound of any wait for a condition, and how long to pause between two looks; milliseconds. */
  readonly patience: { readonly totalMs: number; readonly pauseMs: number };
  /** Removes what the harness itself made (directories); the suite has destroyed the machines. */
  close(): Promise<void>;
}

/** What not every provider has, or can be made to show: `without` of the suite. */
export type Part =
  | 'lost-creates'
  | 'throttling'
  | 'hanging-calls'
  | 'machines-that-listen'
  | 'made-to-size'
  | 'power'
  | 'console';

/** Whether the provider has the part. */
export type Has = (part: Part) => boolean;
