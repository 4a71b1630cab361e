import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { NodeRoleState } from './node-role.ts';
import { holds, type NodeRoleEvent, transition, workOf } from './transition.ts';

const error = { kind: 'failed', code: 'x', message: 'x' } as const;
const events: fc.Arbitrary<NodeRoleEvent> = fc.oneof(
  fc.constantFrom<NodeRoleEvent>(
    { kind: 'planned' },
    { kind: 'released' },
    { kind: 'enqueued' },
    { kind: 'done' },
    { kind: 'unchanged' },
    { kind: 'retried' },
    { kind: 'staled' },
    { kind: 'withdrawn' },
    { kind: 'leaving' },
    { kind: 'kept' },
    { kind: 'dropped' },
    { kind: 'skipped', because: 'a person said so' },
    { kind: 'pended', untilMs: 5, why: 'not yet' },
    { kind: 'failed', error, retryAtMs: null },
    { kind: 'failed', error, retryAtMs: 9 },
  ),
  fc.nat(5).map((attempt): NodeRoleEvent => ({ kind: 'claimed', attempt })),
);

describe('transition', () => {
  it('keeps its promises for any sequence of events', () => {
    fc.assert(
      fc.property(fc.array(events, { maxLength: 60 }), (sequence) => {
        let state: NodeRoleState = { state: 'proposed' };
        let queued = false;
        for (const event of sequence) {
          const next = transition(state, event);
          if (next === null) continue;
          // Nothing runs that was not queued before, and what holds leaves only by an outcome or by being withdrawn.
          if (event.kind === 'claimed')
            expect(queued || workOf(state)?.phase === 'waiting' || workOf(state)?.phase === 'running').toBe(true);
          if (holds(state) && !holds(next)) expect(['done', 'failed', 'withdrawn']).toContain(event.kind);
          // Gone is gone.
          expect(state.state).not.toBe('removed');
          // Somebody who leaves does not come to life by an outcome.
          if (state.state === 'removing' && event.kind !== 'kept')
            expect(['removing', 'removed']).toContain(next.state);
          const work = workOf(next);
          queued = work?.phase === 'ready' && work.queued;
          state = next;
        }
      }),
      { numRuns: 1_000 },
    );
  });

  it('refuses to plan, remove or drop what is at work', () => {
    const atWork: readonly NodeRoleState[] = [
      { state: 'ready', queued: true },
      { state: 'running', attempt: 1 },
      { state: 'waiting', attempt: 1, untilMs: 0, why: '' },
    ];
    for (const state of atWork) {
      for (const kind of ['planned', 'leaving', 'dropped'] as const) expect(transition(state, { kind })).toBeNull();
    }
  });

  it('walks a removal as it walks an apply, and ends it removed', () => {
    const steps: readonly NodeRoleEvent[] = [
      { kind: 'leaving' },
      { kind: 'released' },
      { kind: 'enqueued' },
      { kind: 'claimed', attempt: 2 },
      { kind: 'done' },
    ];
    const end = steps.reduce<NodeRoleState | null>(
      (state, event) => (state === null ? null : transition(state, event)),
      { state: 'active' },
    );
    expect(end).toEqual({ state: 'removed' });
  });

  it('keeps what is wanted again before it is gone, but not what is at work', () => {
    const failed: NodeRoleState = { state: 'removing', work: { phase: 'failed', error, retryAtMs: null } };
    expect(transition(failed, { kind: 'kept' })).toEqual({ state: 'blocked' });
    expect(transition({ state: 'removing', work: { phase: 'running', attempt: 1 } }, { kind: 'kept' })).toBeNull();
    expect(transition({ state: 'removed' }, { kind: 'kept' })).toBeNull();
    expect(transition({ state: 'active' }, { kind: 'kept' })).toBeNull();
  });

  it('lets a removal that has not started be planned anew, however far it had come', () => {
    const resting: readonly NodeRoleState[] = [
      { state: 'removing', work: { phase: 'blocked' } },
      { state: 'removing', work: { phase: 'ready', queued: false } },
      { state: 'removing', work: { phase: 'failed', error, retryAtMs: null } },
    ];
    for (const state of resting) {
      expect(transition(state, { kind: 'planned' })).toEqual({ state: 'removing', work: { phase: 'blocked' } });
    }
  });

  it('keeps the error through a failure and forgets it with the retry', () => {
    const failed = transition({ state: 'running', attempt: 1 }, { kind: 'failed', error, retryAtMs: 7 });
    expect(failed).toEqual({ state: 'failed', error, retryAtMs: 7 });
    expect(failed === null ? null : transition(failed, { kind: 'retried' })).toEqual({ state: 'blocked' });
  });
});
