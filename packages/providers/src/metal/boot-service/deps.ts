import type {
  BootSessionStore,
  DiscoveryRule,
  Json,
  Machine,
  MachineDeadlines,
  MachineStore,
  SightingLimits,
} from '@formwork/core';
import type { BootImage } from '../http-boot/boot-script.ts';

/** A subnet of the site, as the boot service sees it. */
export interface BootSubnet {
  readonly name: string;
  /** `10.77.0.0/24`. */
  readonly cidr: string;
  /** `proxy`: another server gives the addresses, so that nobody here knows whose they are. */
  readonly mode: 'serve' | 'proxy';
}

/** What the service has to know of its site; read anew for each request. */
export interface BootSite {
  readonly id: string;
  /** Where machines reach the boot listener, `http://10.77.0.1:8080`. */
  readonly baseUrl: string;
  readonly subnets: readonly BootSubnet[];
  readonly rules: readonly DiscoveryRule[];
  readonly trust: Machine['trust'];
  readonly deadlines: MachineDeadlines;
  readonly limits: SightingLimits;
  /** Null: none was built yet. */
  readonly image: BootImage | null;
}

export interface BootServiceDeps {
  readonly site: () => BootSite;
  readonly machines: MachineStore;
  readonly sessions: BootSessionStore;
  readonly leases: {
    /** MAC of the client that has this address now; null: nobody, as far as our own server knows. */
    clientOf(address: string): string | null;
  };
  /** The machines as they were last read, for as long as the database does not answer. */
  readonly lastKnown: () => readonly Machine[];
  /** Base64 of the site's signature. */
  readonly sign: (document: Uint8Array) => string;
  /** A value with its secret references replaced by what they stand for. */
  readonly reveal: (value: Json) => Promise<Json>;
  readonly log: (piece: {
    readonly machineId: string;
    readonly sessionId: string;
    readonly text: string;
  }) => Promise<void>;
  /** Something about a machine that a person may want to see and that is no change of it. */
  readonly notice: (notice: {
    readonly code: string;
    readonly machineId: string | null;
    readonly address: string;
    readonly message: string;
  }) => void;
  /** The service's own trouble: the request is answered, later ones may fare better. */
  readonly failed: (error: unknown, target: string) => void;
  readonly newId: () => string;
  readonly randomToken: () => string;
  readonly nowMs: () => number;
  /** `worker:<id>`, for events. */
  readonly actor: string;
}
