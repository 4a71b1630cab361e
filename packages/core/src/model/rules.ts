/**
 * The rules that the model restates, because they stand in SQL, in shell or in code that waits. All hold in the
 * engine; the model with one of them turned off must break an invariant, which shows that the model would notice.
 */
export interface Rules {
  /** packages/workflows/node/supervisor/8-claim.sh: a launch with a lower fence than the node has seen is refused. */
  readonly nodeComparesFence: boolean;
  /** 8-claim.sh: an attempt that the node knows is attached to, never started a second time. */
  readonly nodeKnowsAttempt: boolean;
  /** 6-keeper.sh: a step waits for the lock of its lane. */
  readonly nodeLocksLane: boolean;
  /** 6-keeper.sh: a step waits until the former attempt of its node-role is gone. */
  readonly nodeLocksNodeRole: boolean;
  /** 6-keeper.sh: what a dead supervisor left running is killed before anything else runs in its lane. */
  readonly nodeClearsOrphans: boolean;
  /** 9-main.sh: an abort leaves its fence, so what was proved gone is refused when it comes later. */
  readonly abortStoresFence: boolean;
  /** packages/db/src/engine/finish.ts: a result under an old fence changes nothing. */
  readonly resultNeedsFence: boolean;
  /** packages/db/src/engine/claim.ts: a live lease is respected. */
  readonly claimNeedsLease: boolean;
  /** claim.ts: a job of a dispatch that is over is dropped. */
  readonly claimNeedsDispatch: boolean;
  /** claim.ts: each claim raises the fence. */
  readonly claimRaisesFence: boolean;
  /** claim.ts: an apply that starts is not clean any more. */
  readonly claimSoils: boolean;
  /** packages/workflows/src/engine/world.ts and the index node_roles_one_per_lane. */
  readonly lanesHold: boolean;
  /** candidates.ts: a machine goes when nothing on it is at work, in whatever lane. */
  readonly machineGoesLast: boolean;
  /** packages/db/src/engine/admit.ts: a lock has one holder. */
  readonly locksHold: boolean;
  /** packages/workflows/src/engine/candidates.ts: `limits.max` counts. */
  readonly maxHolds: boolean;
  /** judge.ts and candidates.ts ask the graph. */
  readonly graphHolds: boolean;
  /** admit.ts: nothing starts in a run that is over, nor while paused. */
  readonly stopsHold: boolean;
  /** finish.ts: what was carried over, and will be judged anew, keeps no lock for its retry. */
  readonly carriedFreesLock: boolean;
  /** packages/workflows/src/engine/judge.ts: what was carried over is judged by the new plan. */
  readonly carriedIsJudged: boolean;
  /** judge.ts: unchanged means hash equal and clean. */
  readonly unchangedNeedsClean: boolean;
  /** packages/db/src/engine/reconcile.ts: what was not heard of is driven again. */
  readonly redrives: boolean;
  /** packages/db/src/engine/end-run.ts: a run does not end over what somebody changed meanwhile. */
  readonly endNeedsVersions: boolean;
  /** packages/db/src/engine/end-run.ts: a run ends only when nothing of it holds, and leaves no lock behind. */
  readonly endTidies: boolean;
  /** packages/workflows/src/engine/run-view.ts: an end that nobody can judge any more counts as what it is. */
  readonly endsAreSeen: boolean;
  /** packages/db/src/engine/finish.ts: each wait has a dispatch of its own. */
  readonly waitHasOwnDispatch: boolean;
  /** packages/workflows/src/worker/provider-step.ts: a provider is called under the claim's fence alone. */
  readonly providerNeedsFence: boolean;
  /** packages/workflows/src/worker/handle-site-task.ts: a look that is late does not bring back what is going. */
  readonly lookNeedsState: boolean;
}

export const engineRules: Rules = {
  nodeComparesFence: true,
  nodeKnowsAttempt: true,
  nodeLocksLane: true,
  nodeLocksNodeRole: true,
  nodeClearsOrphans: true,
  abortStoresFence: true,
  resultNeedsFence: true,
  claimNeedsLease: true,
  claimNeedsDispatch: true,
  claimRaisesFence: true,
  claimSoils: true,
  lanesHold: true,
  machineGoesLast: true,
  locksHold: true,
  maxHolds: true,
  graphHolds: true,
  stopsHold: true,
  carriedFreesLock: true,
  carriedIsJudged: true,
  unchangedNeedsClean: true,
  redrives: true,
  endNeedsVersions: true,
  endTidies: true,
  endsAreSeen: true,
  waitHasOwnDispatch: true,
  providerNeedsFence: true,
  lookNeedsState: true,
};
