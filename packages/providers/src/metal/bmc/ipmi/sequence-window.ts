/**
 * Sequence numbers of the packets that a BMC sent within a session (IPMI 2.0 section 6.12.13): new ones up to 16 ahead,
 * late ones up to 15 behind, none twice. 0 is never used within a session.
 */
export interface SequenceWindow {
  /** Highest number taken. */
  readonly highest: number;
  /** Bit n: `highest - n` was taken. */
  readonly seen: number;
}

export const emptyWindow: SequenceWindow = { highest: 0, seen: 1 };

const reach = 16;

/** The window after this packet, or null when the packet must be dropped. */
export function advance(window: SequenceWindow, sequence: number): SequenceWindow | null {
  if (sequence === 0) return null;
  const ahead = sequence - window.highest;
  if (ahead > 0) {
    return ahead <= reach ? { highest: sequence, seen: ((window.seen << ahead) | 1) & 0xffff } : null;
  }
  if (-ahead >= reach || (window.seen & (1 << -ahead)) !== 0) return null;
  return { highest: window.highest, seen: window.seen | (1 << -ahead) };
}
