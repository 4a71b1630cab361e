import type { FormworkError } from '@formwork/core';
import type { ProviderErrorKind, ProviderFailure } from '../../contract.ts';
import { providerError } from '../../provider-error.ts';

/**
 * What goes wrong between us and a BMC, whatever it speaks. Codes of a BMC's own keep its prefix: `ipmi-C0` (completion
 * code), `rmcp-02` (RMCP+ status), `http-412`, `redfish-Base.1.0.InsufficientPrivilege`.
 */
export const bmcFailures = {
  noAnswer: (what: string): ProviderFailure => ({
    kind: 'unavailable',
    code: 'no-answer',
    message: `The BMC did not answer ${what}.`,
  }),
  unreachable: (code: string): ProviderFailure => ({
    kind: 'unavailable',
    code,
    message: `The BMC cannot be reached (${code}); check its address, its port and the management network.`,
  }),
  garbled: (what: string, reason: string): ProviderFailure => ({
    kind: 'unavailable',
    code: 'garbled-answer',
    message: `The BMC's answer to ${what} makes no sense: ${reason}.`,
  }),
  badCredentials: (code: string, message: string): ProviderFailure => ({ kind: 'auth', code, message }),
  invalid: (code: string, message: string): ProviderFailure => ({ kind: 'invalid', code, message }),
  unsupported: (what: string): ProviderFailure => ({
    kind: 'invalid',
    code: 'unsupported',
    message: `This BMC does not do that: ${what}.`,
  }),
  busy: (code: string, message: string, retryAfterMs: number): ProviderFailure => ({
    kind: 'throttled',
    code,
    message,
    retryAfterMs,
  }),
  powerUnverified: (wanted: string, seen: string, deadlineMs: number): ProviderFailure => ({
    kind: 'unavailable',
    code: 'power-unverified',
    message: `The BMC accepted the command, but ${deadlineMs} ms later the power is ${seen}, not ${wanted}.`,
  }),
  bootUnverified: (wanted: string, seen: string): ProviderFailure => ({
    kind: 'unavailable',
    code: 'boot-device-unverified',
    message: `The BMC accepted the boot device ${wanted}, but says ${seen} when asked.`,
  }),
  circuitOpen: (code: string, retryAfterMs: number): ProviderFailure => ({
    kind: 'unavailable',
    code: 'circuit-open',
    message: `The BMC failed too often in a row (${code}) and is left alone for ${retryAfterMs} ms.`,
    retryAfterMs,
  }),
  closed: (): ProviderFailure => ({ kind: 'conflict', code: 'closed', message: 'This BMC handle was closed.' }),
  of: (kind: ProviderErrorKind, code: string, message: string): ProviderFailure => ({ kind, code, message }),
} as const;

export const bmcError = (failure: ProviderFailure, cause?: unknown): FormworkError => providerError(failure, cause);
