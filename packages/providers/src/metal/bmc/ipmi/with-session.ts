import { failureOf } from '../../../provider-error.ts';
import { bmcError, bmcFailures } from '../bmc-failures.ts';
import { channelCapabilities } from './channel-queries.ts';
import { suitesToTry, type SuiteId } from './cipher-suites.ts';
import type { Patience } from './exchange.ts';
import { handshake, type HandshakeResult } from './handshake.ts';
import { privilegeLevels, type IpmiTarget } from './ipmi-target.ts';
import { secretKeys } from './secret-key.ts';
import { openedSession, raisePrivilege, type Session } from './session.ts';
import { openUdpLink } from './udp-link.ts';

/**
 * Opens a session, lets `work` use it and closes it, whatever happens. `learned` is asked for on every call, so that a
 * second session starts with the suite of the first.
 * @throws failures of bmc-failures.ts, and the signal's reason.
 */
export async function withSession<T>(
  target: IpmiTarget,
  remembered: { suite: SuiteId | null },
  signal: AbortSignal,
  work: (session: Session) => Promise<T>,
): Promise<T> {
  const secrets = secretKeys(await target.credentials(signal));
  const link = await openUdpLink(target.host, target.port, signal);
  try {
    const { rmcpPlus } = await channelCapabilities(link, target.patience, signal);
    if (!rmcpPlus) throw bmcError(bmcFailures.unsupported('IPMI 2.0 sessions (RMCP+)'));
    const privilege = privilegeLevels[target.privilege];
    const established = await negotiate(target, remembered, (suite, patience) =>
      handshake(link, suite, secrets, privilege, patience, signal),
    );
    const session = openedSession(link, established.session, target.patience, signal);
    try {
      if (established.state === 'unproved') {
        throw bmcError(bmcFailures.badCredentials('rakp4-code', unproved));
      }
      await raisePrivilege(session, privilege);
      return await work(session);
    } finally {
      await session.close();
    }
  } finally {
    link.close();
  }
}

const unproved = 'RAKP 4 does not verify: the key Kg is wrong, or this is not our BMC.';

async function negotiate(
  target: IpmiTarget,
  remembered: { suite: SuiteId | null },
  attempt: (suite: ReturnType<typeof suitesToTry>[number], patience: Patience) => Promise<HandshakeResult>,
): Promise<Exclude<HandshakeResult, { state: 'suite-refused' }>> {
  const candidates = suitesToTry(target.allowedSuites, remembered.suite);
  const reasons: string[] = [];
  for (const [index, suite] of candidates.entries()) {
    const last = index === candidates.length - 1;
    const result = await attempt(suite, target.patience).catch((error: unknown): HandshakeResult => {
      // Some BMCs take suite 17 and then answer with codes of suite 3: to them it is a suite that they do not have.
      const failure = failureOf(error);
      if (last || failure.code !== 'garbled-answer') throw error;
      return { state: 'suite-refused', reason: failure.message };
    });
    if (result.state === 'established' && remembered.suite !== suite.id) {
      remembered.suite = suite.id;
      target.notice({ kind: 'suite-learned', suite: suite.id });
    }
    if (result.state !== 'suite-refused') return result;
    target.notice({ kind: 'suite-refused', suite: suite.id, reason: result.reason });
    reasons.push(`${suite.id}: ${result.reason}`);
  }
  const hint = remembered.suite === 17 ? ' It spoke suite 17 before; forget what was remembered if that is meant.' : '';
  throw bmcError(
    bmcFailures.invalid('no-cipher-suite', `The BMC takes none of the allowed suites (${reasons.join('; ')}).${hint}`),
  );
}
