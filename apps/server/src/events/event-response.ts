import type { EventResponse } from '@formwork/api';
import { isJsonObject, type Json } from '@formwork/core';
import type { EventNames, EventRow } from '@formwork/db';

const textOf = (value: Json | undefined): string | null => (typeof value === 'string' ? value : null);

/** An event as it goes out, ids replaced by names. */
export function toEventResponse(row: EventRow, names: EventNames): EventResponse {
  const node = row.nodeId === null ? undefined : names.nodes.get(row.nodeId);
  const siteId = textOf(row.data['siteId']);
  const ofSite = row.kind.startsWith('site.') ? textOf(row.data['name']) : null;
  return {
    id: row.id,
    at: row.at,
    kind: row.kind,
    actor: row.actor,
    site: (siteId === null ? null : names.sites.get(siteId)) ?? ofSite ?? node?.site ?? null,
    deployment: row.deploymentId === null ? null : (names.deployments.get(row.deploymentId) ?? null),
    run: row.runId,
    node: node?.name ?? (row.kind.startsWith('node.') ? textOf(row.data['name']) : null),
    nodeRole: row.nodeRoleId === null ? null : textOf(row.data['key']),
    message: sayEvent(row),
    data: row.data,
  };
}

/** One clause for people; the feed's columns beside it say where. */
function sayEvent(row: EventRow): string {
  const { kind, data } = row;
  const [subject = '', what = ''] = kind.split('.');
  const state = textOf(data['state']) ?? what;
  switch (subject) {
    case 'node-role': {
      const error = data['error'];
      const work = isJsonObject(data['work']) ? textOf(data['work']['phase']) : null;
      const why = isJsonObject(error) ? textOf(error['message']) : (textOf(data['because']) ?? textOf(data['why']));
      const attempt = typeof data['attempt'] === 'number' ? ` (attempt ${String(data['attempt'])})` : '';
      const now = work === null ? state : `${state}: ${work}`;
      return `${now}${state === 'running' ? attempt : ''}${why === null ? '' : `: ${why}`}`;
    }
    case 'node':
      return textOf(data['message']) ?? (what === 'changed' ? 'changed by a person' : state);
    case 'run':
      return `run ${what}${runCounts(data)}`;
    default:
      return `${subject.replaceAll('-', ' ')} ${textOf(data['name']) ?? ''} ${what}`.replace(/ +/g, ' ').trim();
  }
}

function runCounts(data: EventRow['data']): string {
  const { total, ok } = data;
  return typeof total === 'number' && typeof ok === 'number' ? ` (${ok} of ${total} node-roles)` : '';
}
