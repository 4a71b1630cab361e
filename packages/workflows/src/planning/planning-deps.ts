import type { Database } from '@formwork/db';
import type { SiteViewOf } from '../engine/run-view.ts';
import type { Secrets } from '../secrets.ts';

/** What planning and approval need. */
export interface PlanningDeps {
  readonly db: Database;
  readonly secrets: Secrets;
  readonly siteView: SiteViewOf;
  readonly newId: () => string;
}
