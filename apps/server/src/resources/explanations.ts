import type { Reason } from '@formwork/core';
import type { EventFeed, NodeRoleRecord } from '@formwork/db';
import { explainDeployment, ownReasons } from '@formwork/workflows';
import type { ServerDeps } from '../deps.ts';

type Waiting = Pick<NodeRoleRecord, 'id' | 'state' | 'runId' | 'pending'>;

/**
 * Reasons by node-role id. Most rows tell theirs by themselves; only for those that wait for others the whole run is
 * looked at, in one computation for all pages of a list and for everybody who looks at the same moment.
 */
export interface Explanations {
  of(deploymentId: string, rows: readonly Waiting[]): Promise<ReadonlyMap<string, readonly Reason[]>>;
  /** Something was just changed: what was computed before is not shown again. */
  forget(deploymentId: string): void;
}

/** What is no older than this, or than the last event, is shown again, milliseconds. */
const freshMs = 500;
const kept = 200;

export function createExplanations(
  deps: Pick<ServerDeps, 'db' | 'content' | 'siteView' | 'log' | 'now'> & {
    readonly feed: Pick<EventFeed, 'position'>;
  },
): Explanations {
  const known = new Map<
    string,
    {
      readonly position: number;
      readonly atMs: number;
      readonly reasons: Promise<ReadonlyMap<string, readonly Reason[]>>;
    }
  >();
  return {
    forget: (deploymentId) => {
      known.delete(deploymentId);
    },
    async of(deploymentId, rows) {
      const own = rows.map((row) => [row.id, ownReasons(row)] as const);
      if (own.every(([, reasons]) => reasons !== null)) {
        return new Map(own.flatMap(([id, reasons]) => (reasons === null ? [] : [[id, reasons]])));
      }
      const nowMs = deps.now().getTime();
      const position = deps.feed.position();
      const last = known.get(deploymentId);
      if (last !== undefined && nowMs - last.atMs < (last.position === position ? 4 * freshMs : freshMs))
        return last.reasons;
      // What cannot be explained is still shown: the list must not fail for its commentary.
      const reasons = explainDeployment(deps, deploymentId).catch((error: unknown) => {
        deps.log.warn({ deploymentId, error: String(error) }, 'the reasons of a deployment could not be computed');
        return new Map<string, readonly Reason[]>();
      });
      if (known.size >= kept) known.clear();
      known.set(deploymentId, { position, atMs: nowMs, reasons });
      return reasons;
    },
  };
}
