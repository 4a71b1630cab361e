import type { Decided } from '../http-boot/listener/messages.ts';

/** The codes of the agent routes' errors, with what they mean to an agent. */
const errors = {
  'bad-request': { status: 400, message: 'the body is not what this route takes' },
  unknown: { status: 401, message: 'this token or session is not known; boot again for a new one' },
  expired: { status: 401, message: 'this token or session is too old; boot again for a new one' },
  ended: { status: 401, message: 'this session is over; boot again for a new one' },
  'other-machine': { status: 401, message: 'this belongs to another machine' },
  'bad-signature': { status: 401, message: 'the signature does not fit the request and the key of the session' },
  replayed: { status: 401, message: 'a request with this counter, or a later one, was accepted before' },
  'not-yours': { status: 403, message: 'this is not for this machine, or not now' },
  'not-found': { status: 404, message: 'there is nothing here' },
  'not-allowed': { status: 405, message: 'this route takes another method' },
  'claim-conflict': {
    status: 409,
    message: 'another key has claimed this token: the machine is broken(claim-conflict)',
  },
  'wrong-state': { status: 409, message: 'the machine is not in a state for this' },
  'too-large': { status: 413, message: 'the body is larger than this route takes' },
  busy: { status: 503, message: 'no decision can be had now; ask again' },
} as const;

export type AgentError = keyof typeof errors;

export const refuse = (code: AgentError, message?: string): Decided => {
  const { status, message: usual } = errors[code];
  return json(status, { error: { code, message: message ?? usual } }, status === 503 ? { 'Retry-After': '5' } : {});
};

export const json = (status: number, value: unknown, headers: Readonly<Record<string, string>> = {}): Decided =>
  octets(status, Buffer.from(JSON.stringify(value)), { 'Content-Type': 'application/json', ...headers });

export const plainText = (text: string): Decided =>
  octets(200, Buffer.from(text), { 'Content-Type': 'text/plain; charset=utf-8' });

export const empty = (headers: Readonly<Record<string, string>> = {}): Decided =>
  octets(204, new Uint8Array(), headers);

export const octets = (status: number, body: Uint8Array, headers: Readonly<Record<string, string>>): Decided => ({
  kind: 'answer',
  answer: { status, headers: { ...headers }, body },
});
