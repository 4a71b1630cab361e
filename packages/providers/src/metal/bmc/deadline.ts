import type { CallContext } from '../../contract.ts';

/** The caller's signal and its timeout in one. */
export const deadlineOf = ({ signal, timeoutMs }: CallContext): AbortSignal =>
  AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
