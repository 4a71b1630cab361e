/** Completion codes (IPMI 2.0 table 5-2) and RMCP+ status codes (table 13-15) as kinds of failure. */
import type { ProviderErrorKind, ProviderFailure } from '../../../contract.ts';

interface Meaning {
  readonly kind: ProviderErrorKind;
  readonly text: string;
  /** How long to leave the BMC alone before the same command is worth a try. */
  readonly waitMs?: number;
}

const busy = (text: string, waitMs: number): Meaning => ({ kind: 'throttled', text, waitMs });

const completions: Readonly<Record<number, Meaning>> = {
  0x81: busy('no session slot is free', 5_000),
  0xc0: busy('node busy', 500),
  0xc1: { kind: 'invalid', text: 'command not known' },
  0xc2: { kind: 'invalid', text: 'command not valid for this LUN' },
  0xc3: busy('timeout while processing', 500),
  0xc4: busy('out of space', 1_000),
  0xc5: { kind: 'conflict', text: 'reservation cancelled' },
  0xc7: { kind: 'invalid', text: 'request data length not valid' },
  0xc9: { kind: 'invalid', text: 'parameter out of range' },
  0xcb: { kind: 'not-found', text: 'not present' },
  0xcc: { kind: 'invalid', text: 'data field not valid' },
  0xce: busy('response could not be provided', 1_000),
  0xcf: busy('duplicated request', 0),
  0xd0: busy('SDR repository in update', 1_000),
  0xd1: busy('device in firmware update', 5_000),
  0xd2: busy('BMC is initialising', 1_000),
  0xd4: { kind: 'auth', text: 'privilege level too low' },
  0xd5: { kind: 'conflict', text: 'not possible in the present state' },
  0xd6: { kind: 'invalid', text: 'disabled' },
};

const statuses: Readonly<Record<number, Meaning>> = {
  0x01: busy('no resources for a session', 5_000),
  0x02: { kind: 'unavailable', text: 'session id not known' },
  0x08: { kind: 'unavailable', text: 'session id not active' },
  0x09: { kind: 'auth', text: 'role not valid' },
  0x0a: { kind: 'auth', text: 'privilege level not allowed for this user' },
  0x0b: busy('no resources for a session at this privilege level', 5_000),
  0x0c: { kind: 'invalid', text: 'length of the user name' },
  0x0d: { kind: 'auth', text: 'user name not known' },
  0x0e: { kind: 'auth', text: 'GUID not known' },
  0x0f: { kind: 'auth', text: 'integrity check value not valid: the password or the key Kg is wrong' },
};

const hex = (code: number): string => code.toString(16).toUpperCase().padStart(2, '0');

const failure = (prefix: string, code: number, meaning: Meaning | undefined, during: string): ProviderFailure => ({
  kind: meaning?.kind ?? 'unavailable',
  code: `${prefix}-${hex(code)}`,
  message: `The BMC refused ${during}: ${meaning?.text ?? 'unspecified'} (${prefix} ${hex(code)}).`,
  ...(meaning?.waitMs === undefined ? {} : { retryAfterMs: meaning.waitMs }),
});

export const completionFailure = (code: number, during: string): ProviderFailure =>
  failure('ipmi', code, completions[code], during);

export const statusFailure = (status: number, during: string): ProviderFailure =>
  failure('rmcp', status, statuses[status], during);

/** Milliseconds to wait before the command is sent again within the session, or null where that is pointless. */
export const waitBeforeAgain = (code: number): number | null => completions[code]?.waitMs ?? null;

/** Statuses that say "not with these algorithms" (03 to 07, 10 to 12): another suite may do. */
export const refusesSuite = (status: number): boolean =>
  (status >= 0x03 && status <= 0x07) || (status >= 0x10 && status <= 0x12);
