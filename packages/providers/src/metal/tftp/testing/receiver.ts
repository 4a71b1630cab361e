/** The client's side of a read transfer as a plain state machine (RFC 1350, RFC 7440 section 4), for tests. */
export interface Receiver {
  /** Takes a DATA packet; answers the block to acknowledge, or null to say nothing. */
  take(block: number, data: Uint8Array): number | null;
  /** What to acknowledge again after silence. */
  last(): number;
  finished(): boolean;
  bytes(): Buffer;
}

export function createReceiver(blockSize: number, windowSize: number): Receiver {
  const pieces: Uint8Array[] = [];
  let sinceAck = 0;
  let finished = false;
  let complained = false;
  return {
    take: (block, data) => {
      if (finished) return block === (pieces.length & 0xffff) ? block : null;
      const ahead = (block - pieces.length) & 0xffff;
      if (ahead !== 1) {
        // A gap is told once; an old block is told as one where acknowledgements may have been lost.
        if (ahead < 0x8000 && complained) return null;
        complained = true;
        sinceAck = 0;
        return pieces.length & 0xffff;
      }
      complained = false;
      pieces.push(Buffer.from(data));
      finished = data.length < blockSize;
      sinceAck += 1;
      if (!finished && sinceAck < windowSize) return null;
      sinceAck = 0;
      return pieces.length & 0xffff;
    },
    last: () => pieces.length & 0xffff,
    finished: () => finished,
    bytes: () => Buffer.concat(pieces),
  };
}
