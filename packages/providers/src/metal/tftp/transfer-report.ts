import type { Malformed } from './packet.ts';
import type { Peer } from './source.ts';
import type { TransferFailure } from './transfer.ts';

/** Why a request was not served. */
export type Refusal =
  | 'write'
  | 'mode'
  | 'name'
  | 'not-found'
  | 'denied'
  | 'too-many-of-peer'
  | 'too-many-in-all'
  | 'too-large'
  | 'source-failed'
  | 'no-socket';

export type Outcome =
  | { readonly kind: 'done' }
  /** The client went after the OACK: it wanted the size only, or other options. */
  | { readonly kind: 'declined'; readonly detail: string }
  | { readonly kind: 'refused'; readonly reason: Refusal; readonly detail: string }
  | {
      readonly kind: 'failed';
      readonly reason:
        | TransferFailure
        | 'read-failed'
        | 'peer-gone'
        | 'socket-failed'
        | 'superseded'
        | 'server-closed'
        | 'process-lost';
      readonly detail: string;
    };

/** What became of one request, for the log. */
export interface TransferReport {
  readonly peer: Peer;
  /** As it was asked for, unprintable octets escaped. */
  readonly name: string;
  readonly outcome: Outcome;
  readonly sizeBytes: number | null;
  readonly blockSize: number | null;
  readonly windowSize: number | null;
  readonly durationMs: number;
  readonly sentBlocks: number;
  /** Of those, sent again. */
  readonly resentBlocks: number;
}

/** What the server counted since it started. */
export interface TftpCounters {
  readonly requests: number;
  /** Being served now. */
  readonly active: number;
  readonly done: number;
  readonly declined: number;
  readonly refused: Readonly<Partial<Record<Refusal, number>>>;
  readonly failed: Readonly<Partial<Record<string, number>>>;
  readonly sentBlocks: number;
  readonly resentBlocks: number;
  /** Datagrams that are no TFTP packet. */
  readonly malformed: Readonly<Partial<Record<Malformed, number>>>;
  /** Well-formed packets that belong to no transfer. */
  readonly strays: number;
}

/** For a log line: no control character, no end of line, not endless. */
export const printable = (octets: string): string =>
  octets
    .slice(0, 200)
    .replace(/[^\x20-\x7e]/g, (character) => `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`);
