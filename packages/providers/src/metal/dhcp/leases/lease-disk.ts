/** Where the journal lies: the edge to the file system, and what a test puts in its place to cut the power. */
export interface LeaseDisk {
  /** The journal as it is, header included; null when there is none. */
  load(): Promise<Buffer | null>;
  /** Resolves when the bytes will survive a power cut. One call at a time. */
  append(bytes: Buffer): Promise<void>;
  /** A new journal beside the present one, which stays in use until `commit` has put the new one in its place. */
  startReplacement(): Promise<Replacement>;
  /** Bytes of the journal in use. */
  usedBytes(): number;
  close(): Promise<void>;
}

export interface Replacement {
  write(bytes: Buffer): Promise<void>;
  /** Atomic and durable: after a power cut either the old journal is there or the new one. */
  commit(): Promise<void>;
  abandon(): Promise<void>;
}
