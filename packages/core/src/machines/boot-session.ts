/**
 * Boot sessions, the second and third tier of a boot: a token is minted for one boot of one machine, serves that machine as
 * often as its ROM asks, and becomes worthless to everybody with the claim, which binds it to the key of the agent.
 *
 *   (none) --open--> open --claim--> claimed --claim with another key--> conflict (for good)
 *                     |                 |--the next boot is claimed--> ended
 *                     `-----------------`--expiresAtMs--> worthless
 *   (none) --openFirstBoot--> claimed: of an installed system, which has its key from us and may report its host keys
 *
 * Only hashes of tokens are kept. A claimed session lives as long as its agent speaks. Time is an argument.
 */
import { createHash } from 'node:crypto';

/** `first-boot`: of the installed system itself; the others: of an agent, by what its machine boots for. */
export type BootSessionKind = 'discover' | 'install' | 'rescue' | 'first-boot';

export interface BootSession {
  /** UUID; says nothing about the token. */
  readonly id: string;
  readonly siteId: string;
  readonly machineId: string;
  readonly kind: BootSessionKind;
  /** The NIC that booted, and the address that it was given; null for the installed system, which may have others. */
  readonly mac: string | null;
  readonly address: string | null;
  readonly state: 'open' | 'claimed' | 'conflict' | 'ended';
  /** Base64 of the 32 octets of the agent's ed25519 key; null until claimed. */
  readonly publicKey: string | null;
  /** Of the newest request that was accepted; 0 before the first. */
  readonly counter: number;
  readonly expiresAtMs: number;
}

export interface NewBootSession {
  readonly id: string;
  readonly siteId: string;
  readonly machineId: string;
  readonly kind: Exclude<BootSessionKind, 'first-boot'>;
  readonly tokenHash: string;
  readonly mac: string;
  readonly address: string;
  /** How long the token may be claimed, milliseconds. */
  readonly lifetimeMs: number;
}

/** Where sessions are kept; packages/db has it on Postgres. Times are those of the store. */
export interface BootSessionStore {
  /** Of a machine's open sessions only the newest few are kept: a ROM may ask again without having booted. */
  open(session: NewBootSession): Promise<void>;
  /** A session of an installed system, claimed from the beginning; ends the one of the machine's installation before. */
  openFirstBoot(
    session: Pick<BootSession, 'id' | 'siteId' | 'machineId'> & {
      readonly publicKey: string;
      readonly lifetimeMs: number;
    },
  ): Promise<void>;
  /**
   * Carries out what `decideClaim` says, in one transaction that holds the session; a claim that works ends the machine's
   * other sessions of agents.
   */
  claim(tokenHash: string, claim: ClaimRequest): Promise<ClaimDecision>;
  find(id: string): Promise<BootSession | null>;
  /** Takes the counter if it is greater than all before it, and lets the session live on; false: a replay, or over. */
  accept(id: string, counter: number, lifetimeMs: number): Promise<boolean>;
  /** Ends a session; nothing happens where it is over already. */
  end(id: string): Promise<void>;
}

export interface ClaimRequest {
  /** Where the request came from, and the MAC that it names. */
  readonly address: string;
  readonly mac: string;
  /** Base64 of 32 octets. */
  readonly publicKey: string;
  /** How long the session lives without a word of its agent, milliseconds. */
  readonly lifetimeMs: number;
}

export type ClaimDecision =
  /** `again`: the answer to the same claim got lost; it is given once more. */
  | { readonly kind: 'claimed' | 'again'; readonly session: BootSession }
  /** Somebody else has claimed it: the machine is broken(claim-conflict), and the first claim is worth nothing either. */
  | { readonly kind: 'claim-conflict'; readonly session: BootSession }
  | { readonly kind: 'refused'; readonly why: SessionRefusal; readonly session: BootSession | null };

export type SessionRefusal = 'unknown' | 'expired' | 'other-machine' | 'ended';

/** 32 octets in base64url. */
const tokenPattern = /^[A-Za-z0-9_-]{43}$/;

/** Null when it is no token of ours. */
export const hashBootToken = (token: string): string | null =>
  tokenPattern.test(token) ? createHash('sha256').update(token).digest('hex') : null;

/** What a claim comes to. Who is told apart from the machine by address or MAC learns nothing of the session's state. */
export function decideClaim(session: BootSession | null, claim: ClaimRequest, nowMs: number): ClaimDecision {
  if (session === null || session.kind === 'first-boot') return { kind: 'refused', why: 'unknown', session: null };
  if (session.address !== claim.address || session.mac !== claim.mac.toLowerCase()) {
    return { kind: 'refused', why: 'other-machine', session };
  }
  if (session.state === 'conflict') return { kind: 'claim-conflict', session };
  if (session.state === 'ended') return { kind: 'refused', why: 'ended', session };
  if (session.state === 'claimed' && session.publicKey !== claim.publicKey) {
    return { kind: 'claim-conflict', session: { ...session, state: 'conflict' } };
  }
  if (nowMs >= session.expiresAtMs) return { kind: 'refused', why: 'expired', session };
  if (session.state === 'claimed') return { kind: 'again', session };
  const expiresAtMs = nowMs + claim.lifetimeMs;
  return { kind: 'claimed', session: { ...session, state: 'claimed', publicKey: claim.publicKey, expiresAtMs } };
}

/** Why a session does not serve a request from this address; null: it does, as far as the session goes. */
export function refuseSession(session: BootSession | null, address: string, nowMs: number): SessionRefusal | null {
  if (session === null || session.state === 'open') return 'unknown';
  if (session.address !== null && session.address !== address) return 'other-machine';
  if (session.state !== 'claimed') return 'ended';
  return nowMs >= session.expiresAtMs ? 'expired' : null;
}
