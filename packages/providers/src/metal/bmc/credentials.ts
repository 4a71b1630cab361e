/** What a BMC is entered with. Held only as long as one session is being set up. */
export interface BmcCredentials {
  readonly user: string;
  readonly password: string;
  /** IPMI's BMC key, up to 20 bytes as hexadecimal digits; absent where the BMC has none. */
  readonly kgHex?: string;
}

/** Credentials are given at the moment of use, by reference: nothing here keeps them. */
export type GiveCredentials = (signal: AbortSignal) => Promise<BmcCredentials>;
