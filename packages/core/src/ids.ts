/** Branded identifiers: a node's id is not a deployment's id, and the compiler knows it. */
declare const brand: unique symbol;
type Branded<Name extends string> = string & { readonly [brand]: Name };

export type SiteId = Branded<'SiteId'>;
export type NodeId = Branded<'NodeId'>;
export type DeploymentId = Branded<'DeploymentId'>;
export type NodeRoleId = Branded<'NodeRoleId'>;
export type AttemptId = Branded<'AttemptId'>;
export type PlanId = Branded<'PlanId'>;
export type RunId = Branded<'RunId'>;

/** The only place where a plain string becomes an id. Ids are UUIDs made at the edges, never in core. */
export const siteId = (text: string): SiteId => text as SiteId;
export const nodeId = (text: string): NodeId => text as NodeId;
export const deploymentId = (text: string): DeploymentId => text as DeploymentId;
export const nodeRoleId = (text: string): NodeRoleId => text as NodeRoleId;
export const attemptId = (text: string): AttemptId => text as AttemptId;
export const planId = (text: string): PlanId => text as PlanId;
export const runId = (text: string): RunId => text as RunId;
