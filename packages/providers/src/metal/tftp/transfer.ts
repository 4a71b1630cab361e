/**
 * One read transfer as a state machine, without sockets, clocks or data. Block numbers here never roll over: only the
 * wire's do, 16 bits, from 65535 to 0.
 * ```
 * start ------options granted------> offered --ACK 0--> sending --ACK of the last block--> ended: done
 *   \---no options: send 1---------------------------->    |
 * offered --ERROR--> ended: declined (a firmware's probe of the size, RFC 2347: normal)
 * sending --ERROR--> ended: failed; offered|sending --too many timeouts--> ended: failed
 * ```
 * - An ACK of n in the window moves it: n+1 .. n+w is sent, also what was sent before (RFC 7440 section 4: it is a gap).
 *   A client that answers old blocks too would keep this going for ever after one duplicate: so blocks sent again
 *   for an ACK are paid from a budget that blocks acknowledged fill. Without budget only what is new is sent.
 * - An ACK of what is known already sends nothing, or every duplicate would double the rest of the transfer (RFC 1123
 *   section 4.2.3.1, Sorcerer's Apprentice). With a window it may say that its first block was lost: then the window is
 *   sent again once, paid for by a credit which only progress earns, so that duplicates cannot multiply.
 * - A timeout sends the window again; the wait doubles each time and starts over with progress.
 */

export interface TransferPlan {
  /** Blocks in all, the short or empty last one included. */
  readonly blockCount: number;
  readonly windowSize: number;
  /** Whether options were granted: then an OACK comes first. */
  readonly offersOptions: boolean;
  /** First wait for an answer. */
  readonly timeoutMs: number;
  readonly maxTimeoutMs: number;
  /** Timeouts without progress until the transfer is given up. */
  readonly maxAttempts: number;
  /** The same while the peer has not answered once: its address may be forged, and be a victim of what we send. */
  readonly maxAttemptsUnanswered: number;
}

export interface TransferState {
  readonly plan: TransferPlan;
  readonly phase: 'offered' | 'sending' | 'ended';
  /** Blocks acknowledged. */
  readonly acknowledged: number;
  /** Highest block sent since the last rewind. */
  readonly sentUpTo: number;
  /** Timeouts since the last progress. */
  readonly attempt: number;
  readonly answered: boolean;
  readonly resendCredit: number;
  readonly windowsSinceCredit: number;
  /** Blocks that may be sent again because of acknowledgements within a window. */
  readonly resendBudget: number;
}

export type TransferEvent =
  | { readonly kind: 'ack'; readonly block: number }
  | { readonly kind: 'error'; readonly code: number; readonly message: string }
  | { readonly kind: 'timeout' };

export type TransferFailure = 'no-answer' | 'timed-out' | 'last-ack-missing' | 'refused-by-peer';

export type TransferAction =
  /** Send these blocks, both ends included. */
  | { readonly kind: 'send'; readonly from: number; readonly to: number }
  | { readonly kind: 'send-oack' }
  | { readonly kind: 'done' }
  /** The client asked for the size only, or does not like what was granted. */
  | { readonly kind: 'declined'; readonly code: number; readonly message: string }
  | { readonly kind: 'failed'; readonly reason: TransferFailure; readonly detail: string };

export interface TransferStep {
  readonly state: TransferState;
  readonly action: TransferAction | null;
}

const firstCredit = 4;
const mostCredit = 8;
const windowsPerCredit = 16;
const budgetWindows = 8;

/** How many blocks a file has: one more than the full ones, so that the last is always short, empty at least. */
export const blockCount = (sizeBytes: number, blockSize: number): number => Math.floor(sizeBytes / blockSize) + 1;

export function startTransfer(plan: TransferPlan): TransferStep {
  const state: TransferState = {
    plan,
    phase: plan.offersOptions ? 'offered' : 'sending',
    acknowledged: 0,
    sentUpTo: 0,
    attempt: 0,
    answered: false,
    resendCredit: firstCredit,
    windowsSinceCredit: 0,
    resendBudget: budgetWindows * plan.windowSize,
  };
  return plan.offersOptions ? { state, action: { kind: 'send-oack' } } : sendWindow(state, 0);
}

export function stepTransfer(state: TransferState, event: TransferEvent): TransferStep {
  if (state.phase === 'ended') return { state, action: null };
  switch (event.kind) {
    case 'ack':
      return state.phase === 'offered' ? acceptOffer(state, event.block) : acknowledge(state, event.block);
    case 'error':
      return refused(state, event.code, event.message);
    case 'timeout':
      return timedOut(state);
  }
}

/** How long to wait for an answer now. */
export const waitMs = ({ plan, attempt }: TransferState): number =>
  Math.min(plan.timeoutMs * 2 ** Math.min(attempt, 20), Math.max(plan.timeoutMs, plan.maxTimeoutMs));

function acceptOffer(state: TransferState, block: number): TransferStep {
  return block === 0 ? sendWindow(state, 0) : { state, action: null };
}

function acknowledge(state: TransferState, block: number): TransferStep {
  const ahead = (block - state.acknowledged) & 0xffff;
  if (ahead === 0) return acknowledgedAgain(state);
  const acknowledged = state.acknowledged + ahead;
  if (acknowledged > state.sentUpTo) return { state, action: null };
  if (acknowledged === state.plan.blockCount) {
    return { state: { ...state, phase: 'ended', acknowledged }, action: { kind: 'done' } };
  }
  return sendWindow(state, acknowledged);
}

function acknowledgedAgain(state: TransferState): TransferStep {
  const to = state.sentUpTo;
  const again = to - state.acknowledged;
  const none = state.plan.windowSize === 1 || state.resendCredit === 0 || again > state.resendBudget;
  if (none || again === 0 || !state.answered) return { state, action: null };
  return {
    state: {
      ...state,
      resendCredit: state.resendCredit - 1,
      windowsSinceCredit: 0,
      resendBudget: state.resendBudget - again,
    },
    action: { kind: 'send', from: state.acknowledged + 1, to },
  };
}

/** Everything up to `acknowledged` has arrived: sends what follows. */
function sendWindow(state: TransferState, acknowledged: number): TransferStep {
  const { blockCount: last, windowSize } = state.plan;
  const to = Math.min(last, acknowledged + windowSize);
  const earns = state.windowsSinceCredit + 1 >= windowsPerCredit;
  const again = Math.max(0, state.sentUpTo - acknowledged);
  const affordable = again <= state.resendBudget;
  const filled = state.resendBudget - (affordable ? again : 0) + acknowledged - state.acknowledged;
  const from = affordable ? acknowledged + 1 : state.sentUpTo + 1;
  return {
    // Every field by name: this runs for each packet, and a spread costs as much as all the rest of it.
    state: {
      plan: state.plan,
      phase: 'sending',
      acknowledged,
      sentUpTo: to,
      attempt: 0,
      answered: acknowledged > 0 || state.plan.offersOptions,
      resendCredit: earns ? Math.min(mostCredit, state.resendCredit + 1) : state.resendCredit,
      windowsSinceCredit: earns ? 0 : state.windowsSinceCredit + 1,
      resendBudget: Math.min(filled, 2 * budgetWindows * windowSize),
    },
    action: from > to ? null : { kind: 'send', from, to },
  };
}

function refused(state: TransferState, code: number, message: string): TransferStep {
  const detail = `error ${code}: ${message}`;
  return {
    state: { ...state, phase: 'ended' },
    action:
      state.phase === 'offered'
        ? { kind: 'declined', code, message }
        : { kind: 'failed', reason: 'refused-by-peer', detail },
  };
}

function timedOut(state: TransferState): TransferStep {
  const { plan, acknowledged, sentUpTo } = state;
  const attempt = state.attempt + 1;
  if (attempt > (state.answered ? plan.maxAttempts : plan.maxAttemptsUnanswered)) {
    const reason = !state.answered ? 'no-answer' : sentUpTo === plan.blockCount ? 'last-ack-missing' : 'timed-out';
    const detail = `${acknowledged} of ${plan.blockCount} blocks acknowledged, then silence`;
    return { state: { ...state, phase: 'ended' }, action: { kind: 'failed', reason, detail } };
  }
  const action: TransferAction =
    state.phase === 'offered' ? { kind: 'send-oack' } : { kind: 'send', from: acknowledged + 1, to: sentUpTo };
  return { state: { ...state, attempt }, action };
}
