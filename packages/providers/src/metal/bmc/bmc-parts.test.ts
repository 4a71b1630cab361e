import { describe, expect, it } from 'vitest';
import { bmcFailures } from './bmc-failures.ts';
import { bmcQueue, bmcQueues } from './bmc-queue.ts';
import { afterCall, closedCircuit, holdLeftMs } from './circuit.ts';
import { pause } from '../../pause.ts';
import { defaultRetry, retryDelayMs } from './retry-delay.ts';

const never = new AbortController().signal;

describe('the queue of a BMC', () => {
  it('runs one job at a time, in order, with the gap between them', async () => {
    const queue = bmcQueue(20);
    const seen: string[] = [];
    let running = 0;
    let endedAt = Number.NEGATIVE_INFINITY;
    const gaps: number[] = [];
    const job = (name: string) => async (): Promise<void> => {
      gaps.push(performance.now() - endedAt);
      running += 1;
      expect(running).toBe(1);
      seen.push(name);
      await pause(5, never);
      running -= 1;
      endedAt = performance.now();
    };
    await Promise.all(['a', 'b', 'c'].map((name) => queue.run(job(name), never)));
    expect(seen).toEqual(['a', 'b', 'c']);
    for (const gap of gaps) expect(gap).toBeGreaterThanOrEqual(18);
  });

  it('lets a job go that was aborted while it waited, and still runs one at a time', async () => {
    const queue = bmcQueue(0);
    const aborted = new AbortController();
    let release = (): void => undefined;
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    let firstEnded = false;
    const first = queue.run(async () => {
      await held;
      firstEnded = true;
    }, never);
    const second = queue.run(() => Promise.reject(new Error('never runs')), aborted.signal);
    const third = queue.run(() => Promise.resolve(firstEnded), never);
    aborted.abort(new Error('enough'));
    await expect(second).rejects.toThrow('enough');
    release();
    await first;
    expect(await third).toBe(true);
  });

  it('is one for all handles of an address, and goes on after a job that failed', async () => {
    const queueOf = bmcQueues(0);
    expect(queueOf('10.0.0.1:623')).toBe(queueOf('10.0.0.1:623'));
    expect(queueOf('10.0.0.1:623')).not.toBe(queueOf('10.0.0.2:623'));
    const queue = queueOf('10.0.0.1:623');
    await expect(queue.run(() => Promise.reject(new Error('no')), never)).rejects.toThrow('no');
    expect(await queue.run(() => Promise.resolve(1), never)).toBe(1);
  });
});

describe('retries by kind of error', () => {
  it('ask a silent or busy BMC again, later each time, and no other', () => {
    const silent = bmcFailures.noAnswer('it');
    expect([1, 2, 3, 4].map((attempt) => retryDelayMs(silent, attempt, defaultRetry, 0.999_999)?.toFixed(0))).toEqual([
      '500',
      '1000',
      '2000',
      undefined,
    ]);
    expect(retryDelayMs(bmcFailures.busy('ipmi-81', 'no slot', 5_000), 1, defaultRetry, 0)).toBe(5_000);
    for (const failure of [
      bmcFailures.badCredentials('x', 'x'),
      bmcFailures.invalid('x', 'x'),
      bmcFailures.unsupported('x'),
    ]) {
      expect(retryDelayMs(failure, 1, defaultRetry, 0)).toBeNull();
    }
  });
});

describe('the circuit of a BMC', () => {
  const policy = { failuresToOpen: 3, firstHoldMs: 100, longestHoldMs: 300 };
  const silent = bmcFailures.noAnswer('it');

  it('opens after failures in a row, for longer each time, and closes with the first answer', () => {
    let circuit = closedCircuit;
    circuit = afterCall(circuit, silent, 0, policy);
    circuit = afterCall(circuit, silent, 0, policy);
    expect(holdLeftMs(circuit, 0)).toBe(0);
    circuit = afterCall(circuit, silent, 0, policy);
    expect(holdLeftMs(circuit, 40)).toBe(60);
    circuit = afterCall(circuit, silent, 100, policy);
    expect(holdLeftMs(circuit, 100)).toBe(200);
    circuit = afterCall(circuit, silent, 300, policy);
    expect(holdLeftMs(circuit, 300)).toBe(300);
    expect(afterCall(circuit, null, 600, policy)).toEqual(closedCircuit);
  });

  it('opens at once for refused credentials, since BMCs lock accounts', () => {
    expect(holdLeftMs(afterCall(closedCircuit, bmcFailures.badCredentials('x', 'x'), 0, policy), 0)).toBe(100);
  });

  it('takes a "no" for an answer, and an unverified power too', () => {
    const twice = afterCall(afterCall(closedCircuit, silent, 0, policy), silent, 0, policy);
    expect(afterCall(twice, bmcFailures.invalid('x', 'x'), 0, policy)).toEqual(closedCircuit);
    expect(afterCall(twice, bmcFailures.powerUnverified('on', 'off', 1), 0, policy)).toEqual(closedCircuit);
  });
});
