/**
 * An RMCP+ session with a BMC: every packet encrypted and authenticated, every answer verified before it is read.
 *
 *   handshake -> Set Session Privilege -> commands, one at a time -> Close Session (always, also after an error)
 *
 * A try that gets no answer is sent again under a new session sequence and the same rqSeq, so that the BMC can tell it
 * from a new command; a busy BMC (completion codes C0, C3, C4, CF, D2 ...) is asked again as a new command.
 */
import { bmcError, bmcFailures } from '../bmc-failures.ts';
import { pause } from '../../../pause.ts';
import { parsed, refused, type Parsed } from '../parsed.ts';
import { completionFailure, waitBeforeAgain } from './completion-codes.ts';
import { decryptPayload, encryptPayload } from './confidential-payload.ts';
import { exchange, type Patience } from './exchange.ts';
import type { Established } from './handshake.ts';
import { answers, encodeRequest, parseResponse, type IpmiRequest, type IpmiResponse } from './lan-message.ts';
import { advance, emptyWindow } from './sequence-window.ts';
import { authCode, sameCode } from './session-keys.ts';
import { encodePlus, parseSessionPacket, payloadTypes } from './session-packet.ts';
import type { UdpLink } from './udp-link.ts';

export interface Session {
  /** The data behind completion code 00. @throws the completion code as a failure (`ipmi-C1`). */
  command(what: string, request: IpmiRequest): Promise<Buffer>;
  /** Like `command`, but completion codes are answers; busy ones are still tried again. */
  ask(what: string, request: IpmiRequest): Promise<IpmiResponse>;
  /** Close Session; never throws and takes two seconds at most. */
  close(): Promise<void>;
}

const busyTries = 4;
const closePatience: Patience = { tries: 2, firstWaitMs: 500 };
const closeWithinMs = 2_000;

export function openedSession(
  link: UdpLink,
  { keys, consoleId, bmcId }: Established,
  patience: Patience,
  signal: AbortSignal,
): Session {
  let sequence = 0;
  let rqSeq = 0;
  let window = emptyWindow;

  const protect = (message: Buffer): Buffer => {
    sequence = sequence === 0xffff_ffff ? 1 : sequence + 1;
    const payload = encryptPayload(keys.aesKey, message);
    return encodePlus({ payloadType: payloadTypes.ipmi, sessionId: bmcId, sequence, payload }, (covered) =>
      authCode(keys, covered),
    );
  };

  /** Verifies, then counts, then decrypts; in this order, so that a forged packet moves nothing. */
  const accept = (packet: Buffer): Parsed<IpmiResponse> => {
    const found = parseSessionPacket(packet, keys.suite.codeBytes);
    if (!found.ok) return found;
    if (found.value.version !== '2.0') return refused('v1.5 packet within an RMCP+ session');
    const { authenticated, encrypted, sessionId, covered, payloadType, payload } = found.value;
    if (!authenticated || !encrypted || payloadType !== payloadTypes.ipmi) return refused('unprotected packet');
    if (sessionId !== consoleId) return refused('packet of another session');
    if (!sameCode(found.value.authCode, authCode(keys, covered))) return refused('AuthCode does not verify');
    const moved = advance(window, found.value.sequence);
    if (moved === null) return refused('session sequence outside of the window');
    window = moved;
    const message = decryptPayload(keys.aesKey, payload);
    return message.ok ? parseResponse(message.value) : message;
  };

  const once = async (
    what: string,
    request: IpmiRequest,
    within: AbortSignal,
    pace: Patience,
  ): Promise<IpmiResponse> => {
    rqSeq = (rqSeq + 1) & 0x3f;
    const message = encodeRequest(request, rqSeq);
    const take = (packet: Buffer): Parsed<IpmiResponse> => {
      const response = accept(packet);
      if (!response.ok) return response;
      return answers(response.value, request, rqSeq) ? parsed(response.value) : refused('answer to another command');
    };
    return await exchange(link, what, () => protect(message), take, pace, within);
  };

  const ask = async (what: string, request: IpmiRequest): Promise<IpmiResponse> => {
    for (let attempt = 1; ; attempt += 1) {
      const response = await once(what, request, signal, patience);
      const waitMs = waitBeforeAgain(response.completionCode);
      if (waitMs === null || attempt === busyTries) return response;
      await pause(waitMs * attempt, signal);
    }
  };

  return {
    ask,
    async command(what, request) {
      const { completionCode, data } = await ask(what, request);
      if (completionCode !== 0) throw bmcError(completionFailure(completionCode, what));
      return data;
    },
    async close() {
      const id = Buffer.alloc(4);
      id.writeUInt32LE(bmcId);
      const request = { netFn: 0x06, command: 0x3c, data: [...id] };
      // A BMC that does not answer any more forgets the session by itself after a minute.
      await once('Close Session', request, AbortSignal.timeout(closeWithinMs), closePatience).catch(() => undefined);
    },
  };
}

/** Set Session Privilege Level (22.18): 2 user, 3 operator, 4 administrator. Its codes 80 to 82 mean "not for you". */
export async function raisePrivilege(session: Session, privilege: number): Promise<void> {
  const what = 'Set Session Privilege';
  const { completionCode } = await session.ask(what, { netFn: 0x06, command: 0x3b, data: [privilege] });
  if (completionCode === 0) return;
  if (completionCode < 0x80 || completionCode > 0x82) throw bmcError(completionFailure(completionCode, what));
  throw bmcError(
    bmcFailures.badCredentials(
      `ipmi-${completionCode.toString(16).toUpperCase()}`,
      `The user may not have privilege level ${privilege} on this BMC.`,
    ),
  );
}
