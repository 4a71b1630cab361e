/**
 * An emulated BMC's port 623: ASF ping, IPMI 1.5 messages outside of sessions, RMCP+ with cipher suites 3 and 17.
 * Written apart from the client in packages/providers, so that a mistake of one is not shared by the other.
 */
import { createSocket, type RemoteInfo } from 'node:dgram';
import { once } from 'node:events';
import { timingSafeEqual } from 'node:crypto';
import { createCommands } from './commands.ts';
import type { EventLog } from './event-log.ts';
import { channelAnswer } from './channel-answers.ts';
import { decrypt, encrypt, signature } from './server-crypto.ts';
import { readRequest, writeResponse, type Answered, type Asked } from './server-message.ts';
import { readPacket, writePlain, writePong, writeProtected, writeSetup, type Inbound } from './server-packet.ts';
import { answerOpenSession, answerRakp1, answerRakp3, type SetupDeps } from './session-setup-server.ts';
import { createSessions, type ServerSession, type SessionLimits } from './sessions.ts';
import type { Machine } from '../machine.ts';

export interface IpmiServerOptions {
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  readonly machine: Machine;
  readonly events: EventLog;
  readonly user: string;
  readonly password: string;
  readonly kg: Buffer | null;
  readonly guid: Buffer;
  readonly suites: readonly number[];
  readonly limits: SessionLimits;
  readonly manufacturerId: number;
  readonly now: () => number;
}

export interface IpmiServer {
  readonly port: number;
  /** Slots in use. */
  sessions(): number;
  /** Commands carried out within sessions, repeated ones once: `netFn command` in hexadecimal. */
  readonly carried: readonly string[];
  close(): Promise<void>;
}

export async function startIpmiServer(options: IpmiServerOptions): Promise<IpmiServer> {
  const { machine, now } = options;
  const { faults } = machine;
  const sessions = createSessions(options.limits, now);
  machine.onColdReset(() => sessions.closeAll());
  const carry = createCommands(options);
  const setup: SetupDeps = { ...options, sessions, faults };
  const carried: string[] = [];
  let answersSent = 0;

  const inSession = async (session: ServerSession, asked: Asked): Promise<Answered> => {
    const key = `${asked.rqSeq} ${asked.netFn} ${asked.command} ${asked.data.toString('hex')}`;
    if (session.last?.key === key) return session.last.answer;
    carried.push(`${asked.netFn.toString(16).padStart(2, '0')} ${asked.command.toString(16).padStart(2, '0')}`);
    let answer: Answered;
    if (asked.netFn === 6 && asked.command === 0x3b) {
      session.privilege = Math.min(4, asked.data[0] ?? 2);
      answer = { code: 0, data: [session.privilege] };
    } else if (asked.netFn === 6 && asked.command === 0x3c) {
      answer = { code: sessions.close(asked.data.length < 4 ? 0 : asked.data.readUInt32LE(0)) ? 0 : 0x87 };
    } else answer = channelAnswer(asked, options) ?? (await carry(asked));
    session.last = { key, answer };
    return answer;
  };

  const protectedAnswer = async (packet: Extract<Inbound, { kind: 'plus' }>): Promise<Buffer | null> => {
    const session = sessions.get(packet.sessionId);
    const { protection } = session ?? {};
    if (session === null || protection == null || !packet.protectedPacket) return null;
    const split = packet.body.length - protection.codeLength;
    if (split < 14) return null;
    const covered = packet.body.subarray(0, split);
    if (!timingSafeEqual(packet.body.subarray(split), signature(protection, covered))) return null;
    if (packet.sequence + 16 <= session.sequenceIn || packet.sequence > session.sequenceIn + 16) return null;
    session.sequenceIn = Math.max(session.sequenceIn, packet.sequence);
    const message = decrypt(protection, packet.payload);
    const asked = message === null ? null : readRequest(message);
    if (asked === null) return null;
    const answer = await inSession(session, asked);
    const response = writeResponse(asked, faults.wrongAnswer ? { code: 0, data: [0xde, 0xad] } : answer);
    session.sequenceOut += 1;
    return writeProtected(session.consoleId, session.sequenceOut, encrypt(protection, response), (bytes) => {
      const code = Buffer.from(signature(protection, bytes));
      if (faults.badAuthCode) code[0] = (code[0] ?? 0) ^ 0xff;
      return code;
    });
  };

  const answerTo = async (packet: Buffer): Promise<Buffer | null> => {
    const inbound = readPacket(packet);
    if (inbound === null) return null;
    if (inbound.kind === 'ping') return writePong(inbound.tag);
    if (inbound.kind === 'plain') {
      const asked = readRequest(inbound.message);
      const answer = asked === null ? null : channelAnswer(asked, options);
      return asked === null || answer === null ? null : writePlain(writeResponse(asked, answer));
    }
    const { type, payload } = inbound;
    if (type === 0x10) return setupAnswer(0x11, answerOpenSession(payload, setup));
    if (type === 0x12) return setupAnswer(0x13, answerRakp1(payload, setup));
    if (type === 0x14) return setupAnswer(0x15, answerRakp3(payload, setup));
    return type === 0 ? await protectedAnswer(inbound) : null;
  };

  const socket = createSocket(options.host.includes(':') ? 'udp6' : 'udp4');
  let closed = false;
  const respond = async (packet: Buffer, from: RemoteInfo): Promise<void> => {
    if (faults.silent || machine.isAway()) return;
    const answer = await answerTo(packet);
    if (answer === null) return;
    if (faults.slowMs > 0) await new Promise((resolve) => setTimeout(resolve, faults.slowMs));
    answersSent += 1;
    if (closed || (faults.loseEvery > 0 && answersSent % faults.loseEvery === 0)) return;
    socket.send(faults.truncateTo > 0 ? answer.subarray(0, faults.truncateTo) : answer, from.port, from.address);
  };
  socket.on('message', (packet, from) => void respond(packet, from));
  socket.bind(options.port, options.host);
  await once(socket, 'listening');
  return {
    port: socket.address().port,
    sessions: () => sessions.count(),
    carried,
    close: async () => {
      closed = true;
      const gone = once(socket, 'close');
      socket.close();
      await gone;
    },
  };
}

const setupAnswer = (type: number, payload: Buffer | null): Buffer | null =>
  payload === null ? null : writeSetup(type, payload);
