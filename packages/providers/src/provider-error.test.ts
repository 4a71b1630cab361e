import { FormworkError } from '@formwork/core';
import { describe, expect, it } from 'vitest';
import { nearestNames } from './nearest-names.ts';
import { failureOf, providerError } from './provider-error.ts';

describe('failureOf', () => {
  it('gives back what providerError was made of', () => {
    const failure = {
      kind: 'throttled',
      code: 'RequestLimitExceeded',
      message: 'slow down',
      retryAfterMs: 700,
    } as const;
    expect(failureOf(providerError(failure))).toEqual(failure);
    expect(failureOf(providerError({ kind: 'auth', code: 'x', message: 'y' }))).toEqual({
      kind: 'auth',
      code: 'x',
      message: 'y',
    });
  });

  it('knows aborts and timeouts', () => {
    expect(failureOf(AbortSignal.abort().reason)).toMatchObject({ kind: 'unavailable', code: 'aborted' });
    expect(failureOf(new DOMException('too slow', 'TimeoutError'))).toMatchObject({
      kind: 'unavailable',
      code: 'timeout',
    });
  });

  it('calls everything else a bug and keeps its text back', () => {
    expect(failureOf(new FormworkError('internal', 'odd', 'our own words'))).toMatchObject({
      kind: 'bug',
      code: 'odd',
    });
    const failure = failureOf(new TypeError('token canary-2 is bad'));
    expect(failure).toMatchObject({ kind: 'bug', code: 'TypeError' });
    expect(failure.message).not.toContain('canary-2');
    expect(failureOf('canary-2').message).not.toContain('canary-2');
  });
});

describe('nearestNames', () => {
  it('puts the name with the fewest edits first', () => {
    expect(nearestNames('debian12', ['ubuntu-24.04', 'debian-12', 'debian-11'])).toEqual([
      'debian-12',
      'debian-11',
      'ubuntu-24.04',
    ]);
    expect(nearestNames('x', [])).toEqual([]);
  });
});
