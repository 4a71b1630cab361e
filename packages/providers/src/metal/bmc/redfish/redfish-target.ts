import type { GiveCredentials } from '../credentials.ts';
import type { TlsTrust } from '../http-agent.ts';

export interface RedfishTarget {
  /** `https://10.0.0.5`, or with a port; the service root is found below it. `http:` needs trust `insecure`. */
  readonly baseUrl: string;
  readonly credentials: GiveCredentials;
  readonly trust: TlsTrust;
  /** `Id` of the system where the BMC has several; null takes the only one. */
  readonly systemId: string | null;
  /** Milliseconds since the epoch, for Retry-After. */
  readonly now: () => number;
}
