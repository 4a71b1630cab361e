import type { EventResponse } from '@formwork/api';
import type { EventRow } from '@formwork/db';
import { type Caller, reaches, reachesAll } from '../auth/caller.ts';

/** What a caller may see of the feed: its deployments and sites; who has tokens is for administrators. */
export function eventVisibility(caller: Caller): (row: EventRow, event: EventResponse) => boolean {
  const seesAll = reachesAll(caller, 'site') && reachesAll(caller, 'deployment');
  return (row, event) => {
    if ((row.kind.startsWith('token.') || row.kind.startsWith('secret.')) && caller.role !== 'admin') return false;
    if (seesAll) return true;
    if (row.deploymentId !== null) {
      return event.deployment !== null && reaches(caller, 'deployment', event.deployment, row.deploymentId);
    }
    return event.site !== null && reaches(caller, 'site', event.site, null);
  };
}
