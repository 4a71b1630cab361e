import { type ChildProcess, fork } from 'node:child_process';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type FromProcess, readFromProcess, type ToProcess } from './process-protocol.ts';
import { type Peer, peerKey } from './source.ts';
import type { Finished, LocalAddress, TransferHost } from './transfer-host.ts';
import type { TransferReport } from './transfer-report.ts';

interface Deps {
  readonly processes: number;
  readonly configure: Omit<Extract<ToProcess, { readonly kind: 'configure' }>, 'kind'>;
  readonly finished: Finished;
  readonly stray: () => void;
  /** A process ended by itself; its transfers are lost, and another one is started. */
  readonly lost: (why: string) => void;
}

interface Member {
  readonly child: ChildProcess;
  /** Starts that have not finished, by peer and local address. */
  readonly pending: Map<string, { readonly peer: Peer; readonly local: LocalAddress; count: number }>;
  size: number;
}

const readyWithinMs = 20_000;
const closeWithinMs = 5_000;
const restartAfterMs = 1_000;
/** This very folder, built or not. */
const entry = fileURLToPath(new URL(`./transfer-process-main${extname(import.meta.url)}`, import.meta.url));

/** Serves transfers in several processes; a new one goes to the one with the fewest. Rejects when they do not start. */
export async function openProcessPool(deps: Deps): Promise<TransferHost> {
  const members: Member[] = [];
  let active = 0;
  let closing = false;

  const tell = ({ child }: Member, message: ToProcess): void => {
    if (child.connected) child.send(message);
  };
  const countBy = (by: 1 | -1): void => {
    active += by;
    for (const member of members) tell(member, { kind: 'active', count: active });
  };
  const settle = (member: Member, peer: Peer, local: LocalAddress, report: TransferReport | null): void => {
    const key = pendingKey(peer, local);
    const known = member.pending.get(key);
    if (known === undefined) return;
    known.count -= 1;
    if (known.count === 0) member.pending.delete(key);
    member.size -= 1;
    countBy(-1);
    deps.finished(peer, local, report);
  };
  const obey = (member: Member, message: FromProcess, ready: () => void): void => {
    if (message.kind === 'finished') settle(member, message.peer, message.local, message.report);
    else if (message.kind === 'stray') deps.stray();
    else ready();
  };
  const ended = (index: number, member: Member, why: string): void => {
    for (const { peer, local, count } of [...member.pending.values()]) {
      for (let left = count; left > 0; left -= 1) settle(member, peer, local, lostReport(peer));
    }
    if (closing || members[index] !== member) return;
    deps.lost(why);
    setTimeout(() => {
      if (!closing) spawn(index).catch(() => undefined);
    }, restartAfterMs).unref();
  };
  const spawn = (index: number): Promise<void> => {
    const child = fork(entry, [], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
    const member: Member = { child, pending: new Map(), size: 0 };
    members[index] = member;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => child.kill('SIGKILL'), readyWithinMs);
      const ready = (): void => {
        clearTimeout(timer);
        resolve();
      };
      child.on('message', (value) => obey(member, readFromProcess(value), ready));
      child.on('error', reject);
      child.on('exit', (code, signal) => {
        clearTimeout(timer);
        const why = `a transfer process ended with ${signal ?? `status ${String(code)}`}`;
        reject(new Error(why));
        ended(index, member, why);
      });
      tell(member, { kind: 'configure', ...deps.configure });
    });
  };
  const close = async (): Promise<void> => {
    closing = true;
    await Promise.all(members.map((member) => closeChild(member.child, () => tell(member, { kind: 'close' }))));
  };

  try {
    await Promise.all(Array.from({ length: Math.max(1, deps.processes) }, (_, index) => spawn(index)));
  } catch (error) {
    await close();
    throw error;
  }
  return {
    start: (request, peer, local) => {
      const key = pendingKey(peer, local);
      const member =
        members.find(({ pending }) => pending.has(key)) ??
        members.reduce((least, other) => (other.size < least.size ? other : least));
      const known = member.pending.get(key);
      if (known === undefined) member.pending.set(key, { peer, local, count: 1 });
      else known.count += 1;
      member.size += 1;
      countBy(1);
      if (member.child.connected) tell(member, { kind: 'start', request, peer, local });
      else settle(member, peer, local, lostReport(peer));
    },
    close,
  };
}

async function closeChild(child: ChildProcess, ask: () => void): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise((resolve) => child.once('exit', resolve));
  ask();
  const timer = setTimeout(() => child.kill('SIGKILL'), closeWithinMs);
  await gone;
  clearTimeout(timer);
}

const pendingKey = (peer: Peer, local: LocalAddress): string => `${peerKey(peer)} ${local.address} ${local.port}`;

const lostReport = (peer: Peer): TransferReport => ({
  peer,
  name: '',
  outcome: { kind: 'failed', reason: 'process-lost', detail: 'the process that served it ended' },
  sizeBytes: null,
  blockSize: null,
  windowSize: null,
  durationMs: 0,
  sentBlocks: 0,
  resentBlocks: 0,
});
