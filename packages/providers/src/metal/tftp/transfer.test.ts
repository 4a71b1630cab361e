import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  blockCount,
  startTransfer,
  stepTransfer,
  type TransferEvent,
  type TransferPlan,
  type TransferState,
  waitMs,
} from './transfer.ts';

const plan: TransferPlan = {
  blockCount: 100,
  windowSize: 1,
  offersOptions: true,
  timeoutMs: 1000,
  maxTimeoutMs: 8000,
  maxAttempts: 5,
  maxAttemptsUnanswered: 2,
};
const ack = (block: number): TransferEvent => ({ kind: 'ack', block });
const timeout: TransferEvent = { kind: 'timeout' };

/** What happens to each of the events, as text; the state at the end. */
function run(given: Partial<TransferPlan>, ...events: readonly TransferEvent[]) {
  let { state, action } = startTransfer({ ...plan, ...given });
  const said = [say(action)];
  for (const event of events) {
    ({ state, action } = stepTransfer(state, event));
    said.push(say(action));
  }
  return { said, state };
}
const say = (action: ReturnType<typeof startTransfer>['action']): string =>
  action === null
    ? '-'
    : action.kind === 'send'
      ? `${action.from}..${action.to}`
      : action.kind === 'failed'
        ? `failed: ${action.reason}`
        : action.kind;

describe('lock-step', () => {
  it('offers options first, then sends block after block, then is done', () => {
    expect(run({ blockCount: 2 }, ack(0), ack(1), ack(2)).said).toEqual(['send-oack', '1..1', '2..2', 'done']);
  });

  it('sends block 1 at once where no options were granted', () => {
    expect(run({ offersOptions: false, blockCount: 2 }, ack(1), ack(2)).said).toEqual(['1..1', '2..2', 'done']);
  });

  it('answers no duplicate, however often it comes (Sorcerer’s Apprentice)', () => {
    expect(run({}, ack(0), ack(0), ack(1), ack(1), ack(1), ack(0)).said.slice(1)).toEqual([
      '1..1',
      '-',
      '2..2',
      '-',
      '-',
      '-',
    ]);
  });

  it('ignores an acknowledgement of what was never sent', () => {
    expect(run({}, ack(7), ack(0), ack(2), ack(65535)).said.slice(1)).toEqual(['-', '1..1', '-', '-']);
  });

  it('goes on after a block number rolled over', () => {
    let { state } = startTransfer({ ...plan, blockCount: 70_000 });
    ({ state } = stepTransfer(state, ack(0)));
    for (let block = 1; block < 65_540; block += 1) ({ state } = stepTransfer(state, ack(block & 0xffff)));
    expect(state).toMatchObject({ acknowledged: 65_539, sentUpTo: 65_540 });
  });
});

describe('windows (RFC 7440)', () => {
  it('sends a window at a time, the last one shorter', () => {
    expect(run({ windowSize: 4, blockCount: 10 }, ack(0), ack(4), ack(8), ack(10)).said).toEqual([
      'send-oack',
      '1..4',
      '5..8',
      '9..10',
      'done',
    ]);
  });

  it('starts over after the block that was acknowledged last', () => {
    expect(run({ windowSize: 4 }, ack(0), ack(2), ack(3)).said.slice(1)).toEqual(['1..4', '3..6', '4..7']);
  });

  it('sends only what is new when acknowledgements within windows go on and on', () => {
    const events = Array.from({ length: 200 }, (_, index) => ack(index));
    const { said } = run({ windowSize: 4, blockCount: 100_000 }, ...events);
    const sent = said.reduce((sum, what) => {
      const [from, to] = what.split('..').map(Number);
      return sum + (from === undefined || to === undefined ? 0 : to - from + 1);
    }, 0);
    expect(sent).toBeLessThanOrEqual(2 * 200 + 8 * 4 + 4);
  });

  it('sends a window again for one duplicate, but not for as many as come', () => {
    const duplicates = Array.from({ length: 50 }, () => ack(4));
    const { said } = run({ windowSize: 4 }, ack(0), ...duplicates);
    expect(said.filter((what) => what === '5..8')).toHaveLength(5);
  });

  it('does not double a transfer whose every acknowledgement is duplicated', () => {
    const events = Array.from({ length: 200 }, (_, index) => [ack(index * 4), ack(index * 4)]).flat();
    const { said } = run({ windowSize: 4, blockCount: 100_000 }, ...events);
    expect(said.filter((what) => what.includes('..')).length).toBeLessThan(200 * 1.15);
  });
});

describe('silence', () => {
  it('sends the same again, waits twice as long each time, and begins anew with progress', () => {
    let { state } = run({ windowSize: 4 }, ack(0));
    const waits = [];
    for (let count = 0; count < 5; count += 1) {
      waits.push(waitMs(state));
      const step = stepTransfer(state, timeout);
      expect(say(step.action)).toBe('1..4');
      state = step.state;
    }
    expect(waits).toEqual([1000, 2000, 4000, 8000, 8000]);
    expect(waitMs(stepTransfer(state, ack(4)).state)).toBe(1000);
    expect(say(stepTransfer(state, timeout).action)).toBe('failed: timed-out');
  });

  it('gives up sooner on a peer that never answered', () => {
    expect(run({}, timeout, timeout, timeout).said).toEqual([
      'send-oack',
      'send-oack',
      'send-oack',
      'failed: no-answer',
    ]);
  });

  it('says so when only the last acknowledgement is missing', () => {
    const { said } = run({ blockCount: 1, maxAttempts: 1 }, ack(0), timeout, timeout);
    expect(said.at(-1)).toBe('failed: last-ack-missing');
  });
});

describe('errors of the peer', () => {
  const abort: TransferEvent = { kind: 'error', code: 8, message: 'User aborted the transfer' };

  it('is no failure after the OACK: firmware asks for the size that way', () => {
    expect(run({}, abort).said).toEqual(['send-oack', 'declined']);
  });

  it('is a failure later, and nothing follows it', () => {
    expect(run({}, ack(0), abort, ack(1), timeout).said.slice(2)).toEqual(['failed: refused-by-peer', '-', '-']);
  });
});

it('always has a last block that is short, empty at least', () => {
  expect([0, 1, 511, 512, 513, 1024].map((size) => blockCount(size, 512))).toEqual([1, 1, 1, 2, 2, 3]);
});

it('property: no sequence of events makes it send what is not in the file, or go on after its end', () => {
  const event = fc.oneof(
    { weight: 8, arbitrary: fc.integer({ min: 0, max: 40 }).map(ack) },
    { weight: 1, arbitrary: fc.integer({ min: 0, max: 65535 }).map(ack) },
    { weight: 2, arbitrary: fc.constant(timeout) },
    { weight: 1, arbitrary: fc.constant<TransferEvent>({ kind: 'error', code: 0, message: '' }) },
  );
  const plans = fc.record({ windowSize: fc.integer({ min: 1, max: 20 }), blockCount: fc.integer({ min: 1, max: 40 }) });
  fc.assert(
    fc.property(plans, fc.array(event, { maxLength: 60 }), (given, events) => {
      let { state }: { state: TransferState } = startTransfer({ ...plan, ...given });
      for (const each of events) {
        const step = stepTransfer(state, each);
        if (step.action?.kind === 'send') {
          expect(step.action.from).toBeGreaterThan(step.state.acknowledged);
          expect(step.action.from).toBeLessThanOrEqual(step.action.to);
          expect(step.action.to).toBeLessThanOrEqual(given.blockCount);
          expect(step.action.to - step.state.acknowledged).toBeLessThanOrEqual(given.windowSize);
        }
        expect(step.state.acknowledged).toBeGreaterThanOrEqual(state.acknowledged);
        if (state.phase === 'ended') expect(step).toEqual({ state, action: null });
        state = step.state;
      }
    }),
    { numRuns: 2000 },
  );
});
