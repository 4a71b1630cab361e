import type { BootListenerLimits } from './configuration.ts';

/** What peers have of the listener, by their address. Memory is bounded: a peer that has nothing and rests is forgotten. */
export interface PeerLimits {
  /** Takes a place for a connection; false: there is none. */
  connect(address: string): boolean;
  disconnect(address: string): void;
  /** Whether one more request is within the peer's rate. */
  withinRate(address: string, nowMs: number): boolean;
  /** Takes a place among what waits for a decision; false: there is none. */
  beginDecision(address: string): boolean;
  endDecision(address: string): void;
  /** Peers that are remembered. */
  size(): number;
}

interface Peer {
  connections: number;
  undecided: number;
  tokens: number;
  atMs: number;
}

const mostRemembered = 16_384;

export function createPeerLimits(limits: BootListenerLimits): PeerLimits {
  const peers = new Map<string, Peer>();
  let connections = 0;
  let undecided = 0;
  const of = (address: string): Peer => {
    const known = peers.get(address);
    if (known !== undefined) return known;
    const peer: Peer = { connections: 0, undecided: 0, tokens: limits.burst, atMs: 0 };
    peers.set(address, peer);
    if (peers.size > mostRemembered) forgetIdle(address);
    return peer;
  };
  /** The oldest that have nothing: at worst somebody gets a fresh burst. */
  const forgetIdle = (except: string): void => {
    for (const [address, peer] of peers) {
      if (peers.size <= mostRemembered / 2) return;
      if (address !== except && peer.connections === 0 && peer.undecided === 0) peers.delete(address);
    }
  };
  return {
    connect: (address) => {
      const peer = of(address);
      if (connections >= limits.connections || peer.connections >= limits.connectionsPerAddress) return false;
      peer.connections += 1;
      connections += 1;
      return true;
    },
    disconnect: (address) => {
      of(address).connections -= 1;
      connections -= 1;
    },
    withinRate: (address, nowMs) => {
      const peer = of(address);
      const sinceMs = Math.max(0, nowMs - peer.atMs);
      peer.tokens = Math.min(limits.burst, peer.tokens + (sinceMs / 1000) * limits.requestsPerSecond);
      peer.atMs = nowMs;
      if (peer.tokens < 1) return false;
      peer.tokens -= 1;
      return true;
    },
    beginDecision: (address) => {
      const peer = of(address);
      if (undecided >= limits.undecided || peer.undecided >= limits.undecidedPerAddress) return false;
      peer.undecided += 1;
      undecided += 1;
      return true;
    },
    endDecision: (address) => {
      of(address).undecided -= 1;
      undecided -= 1;
    },
    size: () => peers.size,
  };
}
