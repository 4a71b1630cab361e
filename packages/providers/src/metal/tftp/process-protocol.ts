import { z } from 'zod';
import type { Request } from './packet.ts';
import type { Peer } from './source.ts';
import type { HostOptions, LocalAddress } from './transfer-host.ts';
import type { TransferReport } from './transfer-report.ts';

/** What goes to a process that serves transfers; `configure` is the first. */
export type ToProcess =
  | {
      readonly kind: 'configure';
      readonly options: HostOptions;
      readonly root: string;
      readonly ports: readonly [first: number, last: number] | null;
    }
  | { readonly kind: 'start'; readonly request: Request; readonly peer: Peer; readonly local: LocalAddress }
  /** How many transfers all processes serve now. */
  | { readonly kind: 'active'; readonly count: number }
  | { readonly kind: 'close' };

/** What comes from it; `ready` is the answer to `configure`. */
export type FromProcess =
  | { readonly kind: 'ready' }
  | {
      readonly kind: 'finished';
      readonly peer: Peer;
      readonly local: LocalAddress;
      readonly report: TransferReport | null;
    }
  | { readonly kind: 'stray' };

const message = z.looseObject({ kind: z.string() });

/** Both ends are this very program, so the kind alone is checked; throws on anything else. */
export const readToProcess = (value: unknown): ToProcess => message.parse(value) as ToProcess;

/** As `readToProcess`. */
export const readFromProcess = (value: unknown): FromProcess => message.parse(value) as FromProcess;
