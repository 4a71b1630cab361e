/**
 * The cipher suites we speak (IPMI 2.0 table 22-20), strongest first. Suite 0 (no authentication) and all others are
 * refused: a BMC must accept the whole triple that was proposed.
 *
 *   17 RAKP-HMAC-SHA256 | HMAC-SHA256-128 | AES-CBC-128        3 RAKP-HMAC-SHA1 | HMAC-SHA1-96 | AES-CBC-128
 */
export type SuiteId = 3 | 17;

export interface CipherSuite {
  readonly id: SuiteId;
  readonly hash: 'sha1' | 'sha256';
  /** Codes of the three algorithms as Open Session carries them. */
  readonly authentication: number;
  readonly integrity: number;
  readonly confidentiality: number;
  /** Bytes of a key exchange code (RAKP 2 and 3). */
  readonly keyExchangeBytes: number;
  /** Bytes of the integrity check value of RAKP 4, and of an AuthCode. */
  readonly codeBytes: number;
}

export const suites: Readonly<Record<SuiteId, CipherSuite>> = {
  17: {
    id: 17,
    hash: 'sha256',
    authentication: 0x03,
    integrity: 0x04,
    confidentiality: 0x01,
    keyExchangeBytes: 32,
    codeBytes: 16,
  },
  3: {
    id: 3,
    hash: 'sha1',
    authentication: 0x01,
    integrity: 0x01,
    confidentiality: 0x01,
    keyExchangeBytes: 20,
    codeBytes: 12,
  },
};

/** A remembered suite is never left for a weaker one; without one, the stronger is tried first. */
export function suitesToTry(allowed: readonly SuiteId[], remembered: SuiteId | null): readonly CipherSuite[] {
  const order = ([17, 3] as const).filter((id) => allowed.includes(id));
  if (remembered === null || !order.includes(remembered)) return order.map((id) => suites[id]);
  const rest = order.filter((id) => id > remembered);
  return [remembered, ...rest].map((id) => suites[id]);
}
