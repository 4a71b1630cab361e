import type { FileName } from './file-name.ts';

/** Who asks. */
export interface Peer {
  readonly address: string;
  readonly port: number;
}

export const peerKey = ({ address, port }: Peer): string => `${address} ${port}`;

/** A file that is being read. Its content must not change while it is open. */
export interface OpenFile {
  readonly sizeBytes: number;
  /** Equal for two files with the same content, so that transfers share what was read; null: shared with nobody. */
  readonly identity: string | null;
  /** Exactly `length` octets from `offset`; rejects when they cannot be had. */
  read(offset: number, length: number): Promise<Uint8Array>;
  close(): Promise<void>;
}

export type Opened =
  | { readonly kind: 'opened'; readonly file: OpenFile }
  | { readonly kind: 'not-found' }
  /** There is something, but not for this client; `why` is for the log. */
  | { readonly kind: 'denied'; readonly why: string };

/** Where files come from. */
export interface Source {
  open(name: FileName, peer: Peer): Promise<Opened>;
}

/** Asks one source after the other; the first that knows the name, also by denying it, has the word. */
export const firstOf = (sources: readonly Source[]): Source => ({
  open: async (name, peer) => {
    for (const source of sources) {
      const opened = await source.open(name, peer);
      if (opened.kind !== 'not-found') return opened;
    }
    return { kind: 'not-found' };
  },
});
