/** The BMC's answers to Open Session and RAKP 1 and 3 (IPMI 2.0 sections 13.17 to 13.24). Null: no answer at all. */
import { randomBytes, timingSafeEqual } from 'node:crypto';
import type { Faults } from '../faults.ts';
import { le32 } from './bytes.ts';
import { mac, protectionOf, serverSuites } from './server-crypto.ts';
import type { Sessions } from './sessions.ts';

export interface SetupDeps {
  readonly sessions: Sessions;
  readonly faults: Faults;
  readonly user: string;
  readonly password: string;
  readonly kg: Buffer | null;
  readonly guid: Buffer;
  /** Suites that the BMC has. */
  readonly suites: readonly number[];
}

const refusal = (tag: number, status: number, consoleId: number): Buffer =>
  Buffer.concat([Buffer.from([tag, status, 0, 0]), le32(consoleId)]);

export function answerOpenSession(payload: Buffer, { sessions, faults, suites }: SetupDeps): Buffer | null {
  if (payload.length < 32) return null;
  const tag = payload[0] ?? 0;
  const consoleId = payload.readUInt32LE(4);
  const asked = [payload[12], payload[20], payload[28]];
  const suite = serverSuites.find(
    ({ id, algorithms }) => suites.includes(id) && algorithms.every((code, at) => code === asked[at]),
  );
  if (suite === undefined || faults.refusedSuites.includes(suite.id)) return refusal(tag, 0x11, consoleId);
  const session = faults.noSlots ? null : sessions.open(consoleId, suite);
  if (session === null) return refusal(tag, 0x01, consoleId);
  const algorithm = (code: number, kind: number) => [kind, 0, 0, 8, code, 0, 0, 0];
  return Buffer.concat([
    Buffer.from([tag, 0, 4, 0]),
    le32(consoleId),
    le32(session.bmcId),
    Buffer.from(suite.algorithms.flatMap(algorithm)),
  ]);
}

export function answerRakp1(payload: Buffer, deps: SetupDeps): Buffer | null {
  if (payload.length < 28) return null;
  const tag = payload[0] ?? 0;
  const session = deps.sessions.get(payload.readUInt32LE(4));
  if (session === null) return refusal(tag, 0x02, 0);
  const nameLength = payload[27] ?? 0;
  if (nameLength > 16 || payload.length < 28 + nameLength) return refusal(tag, 0x0c, session.consoleId);
  const user = Buffer.from(payload.subarray(28, 28 + nameLength));
  if (user.toString('utf8') !== deps.user) return refusal(tag, 0x0d, session.consoleId);
  const role = payload[24] ?? 0;
  // A repeated RAKP 1 gets the same challenge.
  session.challenge ??= { consoleRandom: Buffer.from(payload.subarray(8, 24)), bmcRandom: randomBytes(16), role, user };
  const { consoleRandom, bmcRandom } = session.challenge;
  const code = mac(
    session.suite.hash,
    keyOf(deps.password),
    ...[le32(session.consoleId), le32(session.bmcId), consoleRandom, bmcRandom, deps.guid],
    Buffer.from([role, user.length]),
    user,
  );
  if (deps.faults.badRakp2) code[0] = (code[0] ?? 0) ^ 0xff;
  return Buffer.concat([Buffer.from([tag, 0, 0, 0]), le32(session.consoleId), bmcRandom, deps.guid, code]);
}

export function answerRakp3(payload: Buffer, deps: SetupDeps): Buffer | null {
  if (payload.length < 8) return null;
  const tag = payload[0] ?? 0;
  const session = deps.sessions.get(payload.readUInt32LE(4));
  if (session?.challenge == null) return refusal(tag, 0x02, 0);
  const { suite, consoleId, bmcId, challenge } = session;
  if (payload[1] !== 0) {
    deps.sessions.close(bmcId);
    return null;
  }
  const { consoleRandom, bmcRandom, role, user } = challenge;
  const named = Buffer.from([role, user.length]);
  const expected = mac(suite.hash, keyOf(deps.password), bmcRandom, le32(consoleId), named, user);
  const code = payload.subarray(8);
  if (code.length !== expected.length || !timingSafeEqual(code, expected)) {
    deps.sessions.close(bmcId);
    return refusal(tag, 0x0f, consoleId);
  }
  const sik = mac(suite.hash, deps.kg ?? keyOf(deps.password), consoleRandom, bmcRandom, named, user);
  session.protection = protectionOf(suite, sik);
  const check = mac(suite.hash, sik, consoleRandom, le32(bmcId), deps.guid).subarray(0, suite.codeLength);
  if (deps.faults.badRakp4) check[0] = (check[0] ?? 0) ^ 0xff;
  return Buffer.concat([Buffer.from([tag, 0, 0, 0]), le32(consoleId), check]);
}

const keyOf = (password: string): Buffer =>
  Buffer.concat([Buffer.from(password, 'utf8'), Buffer.alloc(20)]).subarray(0, 20);
