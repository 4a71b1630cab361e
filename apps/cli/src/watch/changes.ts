import type { Paint } from '../output/paint.ts';
import { formatClock } from '../output/time.ts';
import { describeNodeRole, explain, stateWord } from './node-role-line.ts';
import type { Snapshot } from './snapshot.ts';

/** What is different since the last snapshot, a line each: for a log instead of a terminal. */
export function renderChanges(before: Snapshot | null, after: Snapshot, now: Date, paint: Paint): readonly string[] {
  const clock = formatClock(now);
  const lines: string[] = [];
  const known = new Map(before?.nodeRoles.map((nodeRole) => [nodeRole.id, signature(nodeRole)]));
  for (const nodeRole of after.nodeRoles) {
    if (known.get(nodeRole.id) === signature(nodeRole)) continue;
    // At first sight only what is going on is news.
    if (before === null && ['active', 'proposed', 'blocked', 'removed'].includes(nodeRole.state.state)) continue;
    const place = nodeRole.node === null ? '' : `${nodeRole.node} `;
    lines.push(`${clock} ${place}${describeNodeRole(nodeRole, now.getTime(), paint)}`);
  }
  if (before !== null) {
    const left = new Set(after.nodeRoles.map((nodeRole) => nodeRole.id));
    for (const nodeRole of before.nodeRoles) {
      if (!left.has(nodeRole.id)) lines.push(`${clock} ${paint.dim('−')} ${nodeRole.key} removed`);
    }
  }
  if (after.run !== null && after.run.state !== before?.run?.state) {
    lines.push(
      `${clock} ${after.deployment.name} ${after.run.purpose} ${after.run.state} ${paint.dim(after.run.message)}`.trimEnd(),
    );
  }
  return lines;
}

const signature = (nodeRole: Snapshot['nodeRoles'][number]): string =>
  [stateWord(nodeRole), nodeRole.attempt, nodeRole.state.state === 'blocked' ? '' : explain(nodeRole)].join('|');
