/**
 * Boot sessions, the second and third tier of a boot: a token is minted for one boot of one machine, serves that machine
 * as often as its ROM asks, and becomes worthless to everybody with the claim, which binds it to the agent's public key.
 * ```
 * (none) --mint--> open --claim--> claimed --claim again--> conflict (for good)
 *                   \--- expiresAtMs ---> expired (for good)
 * ```
 * Only hashes of tokens are kept. Time and randomness are arguments.
 */
import { createHash, createPublicKey, verify } from 'node:crypto';

/** Who a session is for. */
export interface BootMachine {
  readonly nodeId: string;
  readonly mac: string;
  /** The address that this machine was given. */
  readonly address: string;
}

export interface BootSession extends BootMachine {
  readonly expiresAtMs: number;
  readonly state: 'open' | 'claimed' | 'conflict';
  /** PEM of the agent's ed25519 key; null until claimed. */
  readonly publicKey: string | null;
}

/** Where sessions are kept, by the hash of their token. */
export interface BootSessionStore {
  /** Makes one; another one of the same node that is still open is removed: one boot, one token. */
  add(tokenHash: string, session: BootSession): Promise<void>;
  find(tokenHash: string): Promise<BootSession | null>;
  /** Changes its state if that is still the one given; false when somebody was first. */
  change(tokenHash: string, from: BootSession['state'], to: BootSession): Promise<boolean>;
}

export type TokenRefusal = 'unknown' | 'expired' | 'other-machine' | 'claimed';

/** What comes with a token: the address a request came from, and the MAC if the request names one. */
export interface TokenBearer {
  readonly address: string;
  readonly mac: string | null;
}

const tokenBytes = 32;
/** base64url of that many octets. */
const tokenPattern = /^[A-Za-z0-9_-]{43}$/;

/** Makes a token; `random` has 32 octets from a good source. The token itself is kept nowhere. */
export async function mintBootToken(
  store: BootSessionStore,
  machine: BootMachine,
  at: { readonly expiresAtMs: number; readonly random: Uint8Array },
): Promise<string> {
  if (at.random.length !== tokenBytes) throw new RangeError(`a token is made of ${tokenBytes} octets`);
  const token = Buffer.from(at.random).toString('base64url');
  const { nodeId, mac, address } = machine;
  const session: BootSession = {
    nodeId,
    mac: mac.toLowerCase(),
    address,
    expiresAtMs: at.expiresAtMs,
    state: 'open',
    publicKey: null,
  };
  await store.add(hashOf(token), session);
  return token;
}

/** Whether a token opens what the boot session may have: again and again, as ROMs ask, until it is claimed. */
export async function checkBootToken(
  store: BootSessionStore,
  token: string,
  bearer: TokenBearer,
  nowMs: number,
): Promise<{ readonly ok: true; readonly session: BootSession } | { readonly ok: false; readonly why: TokenRefusal }> {
  const session = tokenPattern.test(token) ? await store.find(hashOf(token)) : null;
  if (session === null) return { ok: false, why: 'unknown' };
  if (session.address !== bearer.address || (bearer.mac !== null && bearer.mac.toLowerCase() !== session.mac)) {
    return { ok: false, why: 'other-machine' };
  }
  if (nowMs >= session.expiresAtMs) return { ok: false, why: 'expired' };
  return session.state === 'open' ? { ok: true, session } : { ok: false, why: 'claimed' };
}

export type Claim =
  | { readonly kind: 'claimed'; readonly session: BootSession }
  /** Somebody has claimed it before: the node is `broken(claim-conflict)`, and so is the first claim. */
  | { readonly kind: 'claim-conflict'; readonly nodeId: string }
  | { readonly kind: 'refused'; readonly why: Exclude<TokenRefusal, 'claimed'> | 'bad-key' };

/** Binds a session to the public key of the agent that runs in it (ed25519, PEM). Works once. */
export async function claimBootSession(
  store: BootSessionStore,
  token: string,
  bearer: TokenBearer & { readonly publicKey: string },
  nowMs: number,
): Promise<Claim> {
  const checked = await checkBootToken(store, token, bearer, nowMs);
  if (!checked.ok) return checked.why === 'claimed' ? conflict(store, token) : { kind: 'refused', why: checked.why };
  if (!isEd25519(bearer.publicKey)) return { kind: 'refused', why: 'bad-key' };
  const session: BootSession = { ...checked.session, state: 'claimed', publicKey: bearer.publicKey };
  return (await store.change(hashOf(token), 'open', session)) ? { kind: 'claimed', session } : conflict(store, token);
}

/** Whether the agent of a claimed session said this: only then does it get steps, user data or secrets. */
export function saidByAgent(session: BootSession, message: Uint8Array, signature: Uint8Array, nowMs: number): boolean {
  if (session.state !== 'claimed' || session.publicKey === null || nowMs >= session.expiresAtMs) return false;
  return signature.length === 64 && verify(null, message, createPublicKey(session.publicKey), signature);
}

async function conflict(store: BootSessionStore, token: string): Promise<Claim> {
  const session = await store.find(hashOf(token));
  if (session === null) return { kind: 'refused', why: 'unknown' };
  await store.change(hashOf(token), 'claimed', { ...session, state: 'conflict' });
  return { kind: 'claim-conflict', nodeId: session.nodeId };
}

function isEd25519(pem: string): boolean {
  try {
    return pem.length <= 512 && pem.includes('PUBLIC KEY') && createPublicKey(pem).asymmetricKeyType === 'ed25519';
  } catch {
    return false;
  }
}

const hashOf = (token: string): string => createHash('sha256').update(token).digest('hex');
