import { type BootSession, refuseSession, type SessionRefusal } from '@formwork/core';
import type { AgentRoute } from './agent-route.ts';
import { isSignedBy, signedText } from './signature.ts';

/** A request as it came over the wire, with its headers as they were, or not there. */
export interface SignedRequest {
  readonly method: string;
  readonly target: string;
  readonly address: string;
  readonly session: string | undefined;
  readonly counter: string | undefined;
  readonly signature: string | undefined;
  readonly body: Uint8Array;
}

export type RequestRefusal = SessionRefusal | 'bad-signature' | 'replayed' | 'not-yours';

export type CheckedRequest =
  | { readonly ok: true; readonly session: BootSession; readonly counter: number }
  | { readonly ok: false; readonly why: RequestRefusal };

const uuidPattern = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const counterPattern = /^[1-9][0-9]{0,14}$/;

/** Which session a request says it is of; null when it says nothing that could be one. */
export const sessionIdOf = ({ session }: Pick<SignedRequest, 'session'>): string | null =>
  session !== undefined && uuidPattern.test(session) ? session : null;

/**
 * Whether the agent of that session said this, now and for the first time. The counter is taken by the store afterwards
 * (`accept`), so that of two equal requests at once only one goes through.
 */
export function checkSignedRequest(
  session: BootSession | null,
  request: SignedRequest,
  route: AgentRoute,
  nowMs: number,
): CheckedRequest {
  const refusal = refuseSession(session, request.address, nowMs);
  if (session === null || refusal !== null) return { ok: false, why: refusal ?? 'unknown' };
  const { counter = '', signature = '', method, target, body } = request;
  const signs =
    counterPattern.test(counter) &&
    session.publicKey !== null &&
    isSignedBy(session.publicKey, signedText({ method, target, counter, body }), signature);
  if (!signs) return { ok: false, why: 'bad-signature' };
  if (Number(counter) <= session.counter) return { ok: false, why: 'replayed' };
  return mayUse(session, route) ? { ok: true, session, counter: Number(counter) } : { ok: false, why: 'not-yours' };
}

/** An installed system reports itself and logs; everything else is for agents alone. */
const mayUse = ({ kind }: BootSession, route: AgentRoute): boolean =>
  kind === 'first-boot' ? route.kind === 'installed' || route.kind === 'log' : route.kind !== 'installed';
