import { assertNever } from './failure.ts';
import type { NodeRoleState, RemovalWork, StepError } from './node-role.ts';

/**
 * The node-role state machine, one pure reducer.
 *
 * ```
 * proposed | at rest --planned--> blocked --released--> ready --enqueued--> ready{queued} --claimed--> running
 * blocked | ready --unchanged--> active
 * running --done--> active      running --failed--> failed      running --pended--> waiting --claimed--> running
 * failed --retried--> blocked   active --staled--> blocked      blocked | ready | failed --skipped--> skipped
 * ready{queued} | running | waiting --withdrawn--> blocked      (cancelled, superseded, or its worker never came)
 * at rest --leaving--> removing{blocked} -> ready -> queued -> running -> removed, failed and waiting as above
 * removing{blocked} | at rest --dropped--> removed              (nothing of it is left on any machine)
 * removing, at rest --kept--> blocked                           (wanted again before it was gone)
 * ```
 * At rest: proposed, blocked, ready (not queued), active, failed, skipped.
 */
export type NodeRoleEvent =
  | { readonly kind: 'planned' }
  | { readonly kind: 'released' }
  | { readonly kind: 'enqueued' }
  | { readonly kind: 'claimed'; readonly attempt: number }
  | { readonly kind: 'done' }
  | { readonly kind: 'unchanged' }
  | { readonly kind: 'failed'; readonly error: StepError; readonly retryAtMs: number | null }
  | { readonly kind: 'pended'; readonly untilMs: number; readonly why: string }
  | { readonly kind: 'retried' }
  | { readonly kind: 'staled' }
  | { readonly kind: 'skipped'; readonly because: string }
  | { readonly kind: 'withdrawn' }
  | { readonly kind: 'leaving' }
  | { readonly kind: 'kept' }
  | { readonly kind: 'dropped' };

/** The state after the event, or null where the event means nothing in this state: the caller must refuse it. */
export function transition(from: NodeRoleState, event: NodeRoleEvent): NodeRoleState | null {
  switch (from.state) {
    case 'removed':
      return null;
    case 'removing': {
      if (event.kind === 'done' && from.work.phase === 'running') return { state: 'removed' };
      if (event.kind === 'dropped') return holds(from) ? null : { state: 'removed' };
      if (event.kind === 'kept') return holds(from) ? null : { state: 'blocked' };
      const work = stepWork(from.work, event);
      return work === null ? null : { state: 'removing', work };
    }
    default:
      return fromLiving(from, event);
  }
}

type Living = Exclude<NodeRoleState, { state: 'removing' | 'removed' }>;

function fromLiving(from: Living, event: NodeRoleEvent): NodeRoleState | null {
  switch (event.kind) {
    case 'planned':
      return holds(from) ? null : { state: 'blocked' };
    case 'leaving':
      return holds(from) ? null : { state: 'removing', work: { phase: 'blocked' } };
    case 'dropped':
      return holds(from) ? null : { state: 'removed' };
    case 'kept':
      return null;
    case 'unchanged':
      return from.state === 'blocked' || (from.state === 'ready' && !from.queued) ? { state: 'active' } : null;
    case 'done':
      return from.state === 'running' ? { state: 'active' } : null;
    case 'staled':
      return from.state === 'active' ? { state: 'blocked' } : null;
    case 'skipped':
      return from.state === 'blocked' || from.state === 'failed' || (from.state === 'ready' && !from.queued)
        ? { state: 'skipped', because: event.because }
        : null;
    case 'released':
    case 'enqueued':
    case 'claimed':
    case 'failed':
    case 'pended':
    case 'retried':
    case 'withdrawn': {
      const work = asWork(from);
      const next = work === null ? null : stepWork(work, event);
      return next === null ? null : fromWork(next);
    }
    default:
      return assertNever(event);
  }
}

/** The walk that an apply and a removal share. */
function stepWork(work: RemovalWork, event: NodeRoleEvent): RemovalWork | null {
  switch (event.kind) {
    case 'released':
      return work.phase === 'blocked' ? { phase: 'ready', queued: false } : null;
    case 'enqueued':
      return work.phase === 'ready' && !work.queued ? { phase: 'ready', queued: true } : null;
    case 'claimed':
      return (work.phase === 'ready' && work.queued) || work.phase === 'waiting' || work.phase === 'running'
        ? { phase: 'running', attempt: event.attempt }
        : null;
    case 'failed':
      return work.phase === 'running' || work.phase === 'waiting'
        ? { phase: 'failed', error: event.error, retryAtMs: event.retryAtMs }
        : null;
    case 'pended':
      return work.phase === 'running'
        ? { phase: 'waiting', attempt: work.attempt, untilMs: event.untilMs, why: event.why }
        : null;
    case 'retried':
      return work.phase === 'failed' || work.phase === 'blocked' ? { phase: 'blocked' } : null;
    case 'planned':
      return work.phase === 'failed' || work.phase === 'blocked' || (work.phase === 'ready' && !work.queued)
        ? { phase: 'blocked' }
        : null;
    case 'withdrawn':
      return (work.phase === 'ready' && work.queued) || work.phase === 'running' || work.phase === 'waiting'
        ? { phase: 'blocked' }
        : null;
    default:
      return null;
  }
}

function asWork(state: Living): RemovalWork | null {
  switch (state.state) {
    case 'blocked':
      return { phase: 'blocked' };
    case 'ready':
      return { phase: 'ready', queued: state.queued };
    case 'running':
      return { phase: 'running', attempt: state.attempt };
    case 'waiting':
      return { phase: 'waiting', attempt: state.attempt, untilMs: state.untilMs, why: state.why };
    case 'failed':
      return { phase: 'failed', error: state.error, retryAtMs: state.retryAtMs };
    default:
      return null;
  }
}

function fromWork(work: RemovalWork): NodeRoleState {
  switch (work.phase) {
    case 'blocked':
      return { state: 'blocked' };
    case 'ready':
      return { state: 'ready', queued: work.queued };
    case 'running':
      return { state: 'running', attempt: work.attempt };
    case 'waiting':
      return { state: 'waiting', attempt: work.attempt, untilMs: work.untilMs, why: work.why };
    case 'failed':
      return { state: 'failed', error: work.error, retryAtMs: work.retryAtMs };
    default:
      return assertNever(work);
  }
}

/** The part of the state that walks, whether it applies or removes; null at rest for good. */
export function workOf(state: NodeRoleState): RemovalWork | null {
  if (state.state === 'removing') return state.work;
  return state.state === 'removed' ? null : asWork(state);
}

/** Whether lane, limits and locks are taken by a node-role in this state. */
export function holds(state: NodeRoleState): boolean {
  const work = workOf(state);
  return (
    work !== null && ((work.phase === 'ready' && work.queued) || work.phase === 'running' || work.phase === 'waiting')
  );
}
