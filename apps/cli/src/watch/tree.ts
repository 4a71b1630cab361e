import type { NodeRoleResponse } from '@formwork/api';
import { type Paint, visibleLength } from '../output/paint.ts';
import { formatDuration } from '../output/time.ts';
import { describeNodeRole } from './node-role-line.ts';
import type { Snapshot } from './snapshot.ts';

export interface TreeOptions {
  readonly nowMs: number;
  readonly columns: number;
  /** Lines there are; null prints everything. */
  readonly rows: number | null;
  readonly paint: Paint;
}

interface Place {
  readonly title: string;
  readonly nodeRoles: readonly NodeRoleResponse[];
}

/**
 * Stages, in them nodes, in them node-roles. When it does not fit, places where all is well become one line each,
 * then the rest is counted.
 */
export function renderTree(snapshot: Snapshot, options: TreeOptions): readonly string[] {
  const { paint } = options;
  const stages = groupBy(snapshot.nodeRoles, (nodeRole) => nodeRole.stage).map(([stage, nodeRoles]) => ({
    stage,
    places: groupBy(nodeRoles, (nodeRole) => nodeRole.node ?? 'the deployment').map(([title, own]) => ({
      title,
      nodeRoles: own,
    })),
  }));
  const render = (folded: boolean) => [
    headline(snapshot, options),
    ...stages.flatMap(({ stage, places }) => [
      paint.bold(stage),
      ...places.flatMap((place) => renderPlace(place, folded, options)),
    ]),
  ];
  let lines = render(false);
  if (options.rows !== null && lines.length > options.rows) lines = render(true);
  if (options.rows !== null && lines.length > options.rows) {
    const hidden = lines.length - options.rows + 1;
    lines = [...lines.slice(0, options.rows - 1), paint.dim(`… ${String(hidden)} more lines`)];
  }
  return lines.map((line) => cut(line, options.columns));
}

function headline({ deployment, run }: Snapshot, { nowMs, paint }: TreeOptions): string {
  if (run === null) return `${paint.bold(deployment.name)}  ${deployment.state}  ${paint.dim(deployment.message)}`;
  const tookMs = run.durationMs ?? nowMs - Date.parse(run.startedAt);
  const progress = `${String(run.counts.done)}/${String(run.counts.actionsToRun)}`;
  const failed = run.counts.failed === 0 ? '' : `  ${paint.red(`${String(run.counts.failed)} failed`)}`;
  return `${paint.bold(deployment.name)}  ${run.purpose} ${run.state}  ${progress}${failed}  ${formatDuration(tookMs)}`;
}

function renderPlace(place: Place, folded: boolean, { nowMs, paint }: TreeOptions): readonly string[] {
  const settled = place.nodeRoles.every((nodeRole) => ['active', 'removed', 'skipped'].includes(nodeRole.state.state));
  if (folded && settled) {
    const count = String(place.nodeRoles.length);
    return [`  ${paint.green('✓')} ${place.title} ${paint.dim(`${count} settled`)}`];
  }
  return [`  ${place.title}`, ...place.nodeRoles.map((nodeRole) => `    ${describeNodeRole(nodeRole, nowMs, paint)}`)];
}

/** Groups in the order of their first items. */
function groupBy<Item>(items: readonly Item[], key: (item: Item) => string): readonly (readonly [string, Item[]])[] {
  const groups = new Map<string, Item[]>();
  for (const item of items) {
    const group = groups.get(key(item));
    if (group === undefined) groups.set(key(item), [item]);
    else group.push(item);
  }
  return [...groups];
}

/** At most so many columns, escapes not counted, closed so that no colour runs into the next line. */
function cut(line: string, columns: number): string {
  if (visibleLength(line) <= columns) return line;
  let kept = '';
  let length = 0;
  let inEscape = false;
  for (const character of line) {
    if (character === '\u001b') inEscape = true;
    if (!inEscape) length += 1;
    if (!inEscape && length >= columns) break;
    kept += character;
    if (inEscape && character === 'm') inEscape = false;
  }
  return `${kept}…${kept.includes('\u001b') ? '\u001b[0m' : ''}`;
}
