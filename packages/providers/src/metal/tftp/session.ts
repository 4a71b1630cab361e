import { performance } from 'node:perf_hooks';
import type { BlockReader } from './block-cache.ts';
import { encodeError, encodeOack, errorCode, type Options, parsePacket } from './packet.ts';
import {
  startTransfer,
  stepTransfer,
  type TransferAction,
  type TransferEvent,
  type TransferPlan,
  type TransferState,
  waitMs,
} from './transfer.ts';
import type { Outcome } from './transfer-report.ts';

interface Deps {
  readonly plan: TransferPlan;
  readonly granted: Options;
  readonly blocks: BlockReader;
  readonly send: (packet: Uint8Array) => void;
  /** Called once, at the end. */
  readonly ended: (outcome: Outcome, sent: { readonly blocks: number; readonly resent: number }) => void;
}

/** A transfer under way: the state machine with its timer and its data. */
export interface Session {
  /** A datagram of its peer. */
  receive(datagram: Uint8Array): void;
  /** Whether its peer has answered anything yet. */
  answered(): boolean;
  /** Gives it up; the peer is told. */
  abort(outcome: Outcome): void;
}

export function startSession({ plan, granted, blocks, send, ended }: Deps): Session {
  let state: TransferState;
  /** What is still to be sent once it has been read. */
  let unsent: { readonly from: number; readonly to: number } | null = null;
  let highest = 0;
  let sentBlocks = 0;
  let resentBlocks = 0;
  let over = false;
  // One timer, moved lazily: arming one for each packet would cost more than the packet.
  let dueAtMs = 0;
  let timer: NodeJS.Timeout | undefined;

  const end = (outcome: Outcome): void => {
    if (over) return;
    over = true;
    clearTimeout(timer);
    ended(outcome, { blocks: sentBlocks, resent: resentBlocks });
  };
  const fail = (code: number, message: string, outcome: Outcome): void => {
    if (over) return;
    send(encodeError(code, message));
    end(outcome);
  };
  const armTimer = (): void => {
    timer = setTimeout(look, Math.max(1, dueAtMs - performance.now()));
  };
  const look = (): void => {
    if (over) return;
    // While we wait for our own disk the peer is not late.
    if (unsent !== null) dueAtMs = performance.now() + waitMs(state);
    else if (performance.now() >= dueAtMs) apply({ kind: 'timeout' });
    if (!isOver()) armTimer();
  };
  const isOver = (): boolean => over;
  const sendBlocks = (from: number, to: number): void => {
    for (let block = from; block <= to; block += 1) {
      const packet = blocks.packet(block);
      if (packet === null) {
        fetch(block, to);
        return;
      }
      send(packet);
      sentBlocks += 1;
      if (block > highest) highest = block;
      else resentBlocks += 1;
    }
    unsent = null;
    dueAtMs = performance.now() + waitMs(state);
  };
  const fetch = (from: number, to: number): void => {
    const wanted = { from, to };
    unsent = wanted;
    blocks.load(from).then(
      () => {
        if (!over && unsent === wanted) sendBlocks(from, to);
      },
      (error: unknown) => {
        const detail = error instanceof Error ? error.message : String(error);
        fail(errorCode.undefined, 'the file cannot be read', { kind: 'failed', reason: 'read-failed', detail });
      },
    );
  };
  const act = (action: TransferAction): void => {
    switch (action.kind) {
      case 'send':
        sendBlocks(action.from, action.to);
        return;
      case 'send-oack':
        send(encodeOack(granted));
        dueAtMs = performance.now() + waitMs(state);
        return;
      case 'done':
        end({ kind: 'done' });
        return;
      case 'declined':
        end({ kind: 'declined', detail: `error ${action.code}: ${action.message}` });
        return;
      case 'failed':
        end(action);
        return;
    }
  };
  const apply = (event: TransferEvent): void => {
    const step = stepTransfer(state, event);
    state = step.state;
    if (step.action !== null) act(step.action);
  };

  const first = startTransfer(plan);
  state = first.state;
  if (first.action !== null) act(first.action);
  if (!isOver()) armTimer();
  return {
    receive: (datagram) => {
      if (over) return;
      const packet = parsePacket(datagram);
      if (packet.kind === 'ack' || packet.kind === 'error') apply(packet);
    },
    answered: () => state.answered,
    abort: (outcome) => fail(errorCode.undefined, 'the transfer is given up', outcome),
  };
}
