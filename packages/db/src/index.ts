export { chooseRunAs } from './embedded/run-as.ts';
export type { RunAs } from './embedded/run-as.ts';
export { startEmbeddedPostgres } from './embedded/start.ts';
export type { EmbeddedPostgres } from './embedded/start.ts';
export type { Log } from './log.ts';
export { migrate } from './migrate/migrate.ts';
export { openDatabase } from './database.ts';
export type { Database, DatabaseOptions } from './database.ts';
export type { Transaction } from './transaction.ts';
export { admitNodeRoles } from './engine/admit.ts';
export type { Admission, AdmissionRequest, Admitted } from './engine/admit.ts';
export { drainOutbox } from './engine/outbox.ts';
export type { OutboxRow } from './engine/outbox.ts';
export { taskStage } from './engine/approval.ts';
export type { Approval } from './engine/approval.ts';
export { approvePlan, planVersion } from './engine/approve.ts';
export { changeNodeRoles } from './engine/change-node-roles.ts';
export type { ChangeResult, NodeRoleChange, NodeRoleSettings } from './engine/change-node-roles.ts';
export type { Resume, StoredAttempt } from './engine/attempts.ts';
export { beat, beatMs, claimNodeRoles, handOver, leaseMs } from './engine/claim.ts';
export type { Claimed, ClaimRequest } from './engine/claim.ts';
export { endRun } from './engine/end-run.ts';
export type { RunEnd } from './engine/end-run.ts';
export { runChannel, siteChannel } from './engine/events.ts';
export type { NewEvent } from './engine/events.ts';
export { openSignal } from './engine/signal.ts';
export type { Signal } from './engine/signal.ts';
export { newestEventId, openEventFeed, readEvents } from './engine/feed.ts';
export type { EventFeed, EventFilter, EventRow } from './engine/feed.ts';
export { finishNodeRoles } from './engine/finish.ts';
export type { Finish, Outcome } from './engine/finish.ts';
export type { NodePatch } from './engine/patch-nodes.ts';
export { cancelRun, retryNodeRole, setPaused, skipNodeRole } from './engine/interventions.ts';
export { appendLog, logEnd, maxChunkBytes, pruneLogs, readLog } from './engine/logs.ts';
export type { LogChunkRow } from './engine/logs.ts';
export type { FullNodeRoleRow, NodeRoleRow, Pending } from './engine/node-role-row.ts';
export { nextDriveInMs, redrive, sendBack } from './engine/reconcile.ts';
export type { RedriveRow } from './engine/reconcile.ts';
export { answerSiteTask, askSite, readSiteTask, redriveSiteTasks, siteTaskQueue } from './engine/site-tasks.ts';
export type { SiteTask, SiteTaskKind } from './engine/site-tasks.ts';
export {
  readActual,
  readWho,
  whoOf,
  readDeployment,
  readDeploymentByName,
  readLastRun,
  readLiveRuns,
  readNode,
  readNodeRoles,
  readNodeRolesById,
  readNodeRolesByKey,
  readNodeRolesOf,
  readNodes,
  readNodesById,
  readNodesUnder,
  readPacks,
  readPlanGraph,
  readPlanHead,
  readRoleDurations,
  readRun,
  readSite,
  readSiteNodes,
  readSites,
  readSpecification,
} from './engine/snapshot.ts';
export type { DeploymentRow, NodeRow, PlanHead, RunRow, SiteRow, SpecificationRow } from './engine/snapshot.ts';
export { announceWorker, forgetGoneWorkers, listWorkers, retireWorker } from './engine/workers.ts';
export type { WorkerRow } from './engine/workers.ts';
export { readBundle, readForeignHolding, readHolding, readLocks } from './engine/holding.ts';
export type { Holding } from './engine/holding.ts';
export { destroyDeployment } from './engine/destroy-deployment.ts';
export { beginCreates, beginDestroys } from './engine/begin-machine-steps.ts';
export type { CreateRequest, DestroyRequest } from './engine/begin-machine-steps.ts';
export { patchNodes, recordLook } from './engine/patch-nodes.ts';
export { keepMasterKey, parseMasterKey, readMasterKey } from './secrets/master-key.ts';
export type { MasterKey } from './secrets/master-key.ts';
export { deploymentScope, openSecretStore, siteScope } from './secrets/secret-store.ts';
export type { SecretDatabase, SecretStore } from './secrets/secret-store.ts';
export { SecretValue } from './secrets/secret-value.ts';
export { roleIncludes, scopeIncludes, tokenRole, tokenScope, tokenState } from './tokens/grant.ts';
export type { TokenGrant, TokenRole, TokenScope } from './tokens/grant.ts';
export { hashToken, looksLikeToken, newToken, tokenMatches } from './tokens/token.ts';
export { readLatestSpecification, readOpenPlan, readPlan, storeProposal } from './engine/proposals.ts';
export type { StoredPlan, StoredProposal } from './engine/proposals.ts';
export type { AttemptRecord } from './inventory/attempts.ts';
export { appendAudit, auditedDatabase, brokenAuditLink } from './inventory/audit.ts';
export type { AuditEntry, NewAuditEntry } from './inventory/audit.ts';
export type { DeploymentRecord } from './inventory/deployments.ts';
export type { EventNames, EventQuery } from './inventory/events.ts';
export {
  beginIdempotent,
  finishIdempotent,
  pruneIdempotencyKeys,
  releaseIdempotent,
} from './inventory/idempotency-keys.ts';
export type { IdempotentRequest, IdempotentStart } from './inventory/idempotency-keys.ts';
export type { MachineRecord } from './inventory/machines.ts';
export { deleteNamedSecret } from './inventory/named-secrets.ts';
export type { NamedSecret } from './inventory/named-secrets.ts';
export type { NodeRoleKeyRow, NodeRoleRecord, NodeRoleTags } from './inventory/node-roles.ts';
export type { NodeQuery, NodeRecord } from './inventory/nodes.ts';
export { openInventory } from './inventory/open-inventory.ts';
export type { Inventory } from './inventory/open-inventory.ts';
export type { PackRecord } from './inventory/packs.ts';
export { isUuid } from './inventory/page.ts';
export type { Page, PageRequest, Position } from './inventory/page.ts';
export type { PlanRecord } from './inventory/plans.ts';
export { requireVersion } from './inventory/require-version.ts';
export type { RowTag, VersionedTag } from './inventory/row-tag.ts';
export type { RunRecord, RunStep, RunTimings } from './inventory/runs.ts';
export type { SiteRecord } from './inventory/sites.ts';
export { storePack } from './inventory/store-pack.ts';
export type { PackStored, PackToStore } from './inventory/store-pack.ts';
export { hasAdminToken, insertToken, recordTokenUse, revokeToken } from './inventory/tokens.ts';
export type { TokenRecord } from './inventory/tokens.ts';
export { changeNode, forgetNode } from './inventory/write-nodes.ts';
export type { NodeSettings } from './inventory/write-nodes.ts';
export { deleteSite, insertSite, replaceCredentials, updateSite } from './inventory/write-sites.ts';
export type { SiteFields } from './inventory/write-sites.ts';
export { forgetOldEvents, forgetOldSiteTasks, readExpired, readUnwatchedSites } from './engine/overdue.ts';
export { forgetOldBootSessions, openBootSessions } from './boot/boot-sessions.ts';
export { readDhcpLeases, writeDhcpLeases } from './boot/dhcp-leases.ts';
export type { DhcpLeaseRow } from './boot/dhcp-leases.ts';
export { appendMachineLog, readMachineLog } from './boot/machine-logs.ts';
export type { MachineLogRow } from './boot/machine-logs.ts';
export { endSiteProblem, forgetUnseenProblems, readSiteProblems, reportSiteProblem } from './boot/site-problems.ts';
export type { SiteProblemRow } from './boot/site-problems.ts';
export { openMachineStore } from './machines/machine-store.ts';
export type { MachineStoreOptions } from './machines/machine-store.ts';
