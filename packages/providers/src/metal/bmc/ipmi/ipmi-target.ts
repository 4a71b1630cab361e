import type { GiveCredentials } from '../credentials.ts';
import type { SuiteId } from './cipher-suites.ts';
import { defaultPatience, type Patience } from './exchange.ts';

/** What a session must be able to do; `administrator` may everything that we ask for. */
export type Privilege = 'user' | 'operator' | 'administrator';

export const privilegeLevels: Readonly<Record<Privilege, number>> = { user: 2, operator: 3, administrator: 4 };

/** What an IPMI client says of itself while it works; for logs and for the node's record. Never a secret. */
export type IpmiNotice =
  /** To be remembered for this BMC and given back as `rememberedSuite`. */
  | { readonly kind: 'suite-learned'; readonly suite: SuiteId }
  /** The stronger suite was refused; worth a warning, since nobody vouches for a refusal. */
  | { readonly kind: 'suite-refused'; readonly suite: SuiteId; readonly reason: string };

export interface IpmiTarget {
  /** Name or address, v4 or v6. */
  readonly host: string;
  /** 623 unless the BMC was moved. */
  readonly port: number;
  readonly credentials: GiveCredentials;
  readonly privilege: Privilege;
  /** Suites that may be used; 17 is tried before 3. */
  readonly allowedSuites: readonly SuiteId[];
  /** What an earlier session learned; never left for a weaker one. */
  readonly rememberedSuite: SuiteId | null;
  readonly patience: Patience;
  readonly notice: (notice: IpmiNotice) => void;
}

/** The usual: port 623, administrator, suites 17 and 3, nothing remembered, nobody who listens. */
export const ipmiTarget = (target: Pick<IpmiTarget, 'host' | 'credentials'> & Partial<IpmiTarget>): IpmiTarget => ({
  port: 623,
  privilege: 'administrator',
  allowedSuites: [17, 3],
  rememberedSuite: null,
  patience: defaultPatience,
  notice: () => undefined,
  ...target,
});
