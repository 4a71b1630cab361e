import type { ProviderErrorKind, ProviderFailure } from '../../../contract.ts';
import type { HttpResponse } from '../http-request.ts';
import { retryAfterMs } from '../retry-after.ts';
import { errorSchema } from './resource-schemas.ts';

const kinds: Readonly<Record<number, ProviderErrorKind>> = {
  400: 'invalid',
  401: 'auth',
  403: 'auth',
  404: 'not-found',
  405: 'invalid',
  409: 'conflict',
  410: 'not-found',
  412: 'conflict',
  428: 'conflict',
  429: 'throttled',
  501: 'invalid',
  503: 'throttled',
};

/** Ids by which BMCs say that no session is free, whatever the status. */
const noSession = /SessionLimitExceeded|ResourceExhaustion|CreateLimitReachedForResource|RAC0218|SYS415/;
const defaultWaitMs = 2_000;

/** A refused request as a failure: its kind by the status, the BMC's own message id kept, its text left out. */
export function redfishFailure(response: HttpResponse, during: string, nowMs: number): ProviderFailure {
  const id = messageId(response.body);
  const full = noSession.test(id ?? '');
  const kind = full ? 'throttled' : (kinds[response.status] ?? 'unavailable');
  return {
    kind,
    code: id === null ? `http-${response.status}` : `redfish-${id}`,
    message: `The BMC refused ${during} with HTTP ${response.status}${id === null ? '' : ` (${id})`}.`,
    ...(kind === 'throttled'
      ? { retryAfterMs: retryAfterMs(response.headers.get('retry-after'), nowMs) ?? (full ? 10_000 : defaultWaitMs) }
      : {}),
  };
}

function messageId(body: string): string | null {
  const error = errorSchema.safeParse(json(body));
  if (!error.success) return null;
  const ids = [...error.data.error['@Message.ExtendedInfo'].map(({ MessageId }) => MessageId), error.data.error.code];
  // An id is a name with dots; anything else is a text.
  return ids.find((id) => id !== null && /^[\w.-]{1,100}$/.test(id)) ?? null;
}

/** Undefined for what is no JSON. */
export function json(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}
