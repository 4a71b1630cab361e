import type { NodeRoleResponse } from '@formwork/api';
import type { Paint } from '../output/paint.ts';
import { formatDuration } from '../output/time.ts';

type State = NodeRoleResponse['state']['state'];

/** One sign a state; a terminal without colours must tell them apart as well. */
function stateSign(state: State, paint: Paint): string {
  switch (state) {
    case 'active':
      return paint.green('✓');
    case 'running':
      return paint.blue('▶');
    case 'waiting':
      return paint.yellow('…');
    case 'failed':
      return paint.red('✗');
    case 'removing':
      return paint.blue('−');
    case 'removed':
      return paint.dim('−');
    case 'skipped':
      return paint.dim('↷');
    case 'ready':
      return paint.yellow('○');
    case 'blocked':
    case 'proposed':
      return paint.dim('○');
  }
}

/** Sign, name, state, time, and what it waits for: `▶ etcd-member running 12s (attempt 2)`. */
export function describeNodeRole(nodeRole: NodeRoleResponse, nowMs: number, paint: Paint): string {
  const { state } = nodeRole.state;
  const words = [stateSign(state, paint), nodeRole.as, paint.dim(stateWord(nodeRole))];
  const tookMs = elapsedMs(nodeRole, nowMs);
  if (tookMs !== null) words.push(formatDuration(tookMs));
  if (nodeRole.attempt > 1 && state !== 'active') words.push(paint.yellow(`(attempt ${String(nodeRole.attempt)})`));
  const why = explain(nodeRole);
  if (why !== '') words.push(state === 'failed' ? paint.red(why) : paint.dim(why));
  return words.join(' ');
}

export const stateWord = (nodeRole: NodeRoleResponse): string =>
  nodeRole.state.state === 'ready' && nodeRole.state.queued ? 'queued' : nodeRole.state.state;

function elapsedMs(nodeRole: NodeRoleResponse, nowMs: number): number | null {
  const { state } = nodeRole.state;
  if (state === 'running' || state === 'waiting' || state === 'removing') {
    return nodeRole.startedAt === null ? null : nowMs - Date.parse(nodeRole.startedAt);
  }
  return state === 'active' || state === 'failed' ? nodeRole.durationMs : null;
}

/** What it waits for, or what went wrong; empty when it goes well. */
export function explain(nodeRole: NodeRoleResponse): string {
  const { state } = nodeRole;
  if (state.state === 'failed') {
    const { message } = state.error;
    if (nodeRole.sentence.includes(message)) return nodeRole.sentence;
    return nodeRole.sentence === '' ? message : `${message}; ${nodeRole.sentence}`;
  }
  if (state.state === 'waiting') return state.why;
  if (state.state === 'skipped') return state.because;
  return state.state === 'active' ? '' : nodeRole.sentence;
}
