/**
 * RMCP+ session set-up: Open Session, RAKP 1 and 2, RAKP 3 and 4 (IPMI 2.0 section 13.15). Nothing that depends on the
 * password is sent before the BMC has proved in RAKP 2 that it knows it.
 */
import { randomBytes, randomInt } from 'node:crypto';
import { bmcError, bmcFailures } from '../bmc-failures.ts';
import { refused, type Parsed } from '../parsed.ts';
import type { CipherSuite } from './cipher-suites.ts';
import { refusesSuite, statusFailure } from './completion-codes.ts';
import { exchange, type Patience } from './exchange.ts';
import type { SecretKeys } from './secret-key.ts';
import {
  keysOf,
  rakp2Code,
  rakp3Code,
  rakp4CheckValue,
  sameCode,
  sessionIntegrityKey,
  type Handshake,
  type SessionKeys,
} from './session-keys.ts';
import { encodePlus, parseSessionPacket, payloadTypes } from './session-packet.ts';
import {
  encodeOpenSession,
  encodeRakp1,
  encodeRakp3,
  parseOpenSession,
  parseRakp2,
  parseRakp4,
  type SetupAnswer,
} from './session-setup.ts';
import type { UdpLink } from './udp-link.ts';

export interface Established {
  readonly keys: SessionKeys;
  readonly consoleId: number;
  readonly bmcId: number;
}

export type HandshakeResult =
  | { readonly state: 'established'; readonly session: Established }
  /** The BMC does not prove that it has our key; its session must be closed all the same. */
  | { readonly state: 'unproved'; readonly session: Established }
  /** The BMC does not take this cipher suite; another one may do. */
  | { readonly state: 'suite-refused'; readonly reason: string };

/** Bit 4: the user is looked up by name alone; below it the privilege level that the session may reach. */
const nameOnly = 0x10;

export async function handshake(
  link: UdpLink,
  suite: CipherSuite,
  secrets: SecretKeys,
  privilege: number,
  patience: Patience,
  signal: AbortSignal,
): Promise<HandshakeResult> {
  let tag = randomInt(0x100);
  /** One request and its answer; answers with another tag are late ones of an earlier step. */
  const step = async <T>(
    what: string,
    [asked, answered]: readonly [number, number],
    payloadFor: (tag: number) => Buffer,
    parse: (payload: Buffer) => Parsed<SetupAnswer<T>>,
  ): Promise<SetupAnswer<T>> => {
    tag = (tag + 1) & 0xff;
    const sent = encodePlus({ payloadType: asked, sessionId: 0, sequence: 0, payload: payloadFor(tag) });
    const accept = (packet: Buffer): Parsed<SetupAnswer<T>> => {
      const found = parseSessionPacket(packet, 0);
      if (!found.ok) return found;
      if (found.value.version !== '2.0' || found.value.payloadType !== answered) return refused('another payload type');
      if (found.value.authenticated || found.value.sessionId !== 0) return refused('set-up packet within a session');
      const answer = parse(found.value.payload);
      if (answer.ok && answer.value.tag !== tag) return refused('answer to another message');
      return answer;
    };
    return await exchange(link, what, () => sent, accept, patience, signal);
  };

  const consoleId = randomInt(1, 0x1_0000_0000);
  const opened = await step(
    'Open Session',
    [payloadTypes.openSessionRequest, payloadTypes.openSessionResponse],
    (used) => encodeOpenSession(used, consoleId, suite),
    (payload) => parseOpenSession(payload, consoleId, suite),
  );
  if (!opened.accepted) return refusal(opened.status, 'the session');

  const { bmcId } = opened;
  const consoleRandom = randomBytes(16);
  const role = nameOnly | privilege;
  const second = await step(
    'RAKP 1',
    [payloadTypes.rakp1, payloadTypes.rakp2],
    (used) => encodeRakp1({ tag: used, bmcId, consoleRandom, role, user: secrets.user }),
    (payload) => parseRakp2(payload, consoleId, suite),
  );
  if (!second.accepted) return refusal(second.status, 'the user');
  const at: Handshake = { suite, consoleId, bmcId, consoleRandom, role, user: secrets.user, ...second };
  if (!sameCode(second.code, rakp2Code(at, secrets.password))) {
    link.send(setupRefusal(tag, bmcId));
    throw bmcError(
      bmcFailures.badCredentials(
        'rakp2-code',
        'The BMC proved another password than ours in RAKP 2: the password is wrong, or this is not our BMC.',
      ),
    );
  }
  const fourth = await step(
    'RAKP 3',
    [payloadTypes.rakp3, payloadTypes.rakp4],
    (used) => encodeRakp3(used, 0, bmcId, rakp3Code(at, secrets.password)),
    (payload) => parseRakp4(payload, consoleId, suite),
  );
  if (!fourth.accepted) return refusal(fourth.status, 'our proof of the password');
  const sik = sessionIntegrityKey(at, secrets.kg);
  const session = { keys: keysOf(suite, sik), consoleId, bmcId };
  const proved = sameCode(fourth.checkValue, rakp4CheckValue(at, sik));
  return { state: proved ? 'established' : 'unproved', session };
}

const refusal = (status: number, what: string): HandshakeResult => {
  const failure = statusFailure(status, what);
  if (refusesSuite(status)) return { state: 'suite-refused', reason: failure.message };
  throw bmcError(failure);
};

/** Tells the BMC that its RAKP 2 does not verify, so that it frees the slot (status 0F, table 13-15). */
const setupRefusal = (tag: number, bmcId: number): Buffer =>
  encodePlus({
    payloadType: payloadTypes.rakp3,
    sessionId: 0,
    sequence: 0,
    payload: encodeRakp3(tag, 0x0f, bmcId, Buffer.alloc(0)),
  });
