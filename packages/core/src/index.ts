export type { Actual, ActualNode, ActualNodeRole, NodeState, SiteView } from './actual.ts';
export { assertNever, FormworkError } from './failure.ts';
export type { FailureKind } from './failure.ts';
export type { Edge, GateVertex, Graph, Vertex, WorkVertex } from './graph.ts';
export { attemptId, deploymentId, nodeId, nodeRoleId, planId, runId, siteId } from './ids.ts';
export type { AttemptId, DeploymentId, NodeId, NodeRoleId, PlanId, RunId, SiteId } from './ids.ts';
export { canonicalJson, isJsonArray, isJsonObject, sameJson } from './json.ts';
export type { Json, JsonObject } from './json.ts';
export type { Catalogue, Facts, SizeRequest } from './machine.ts';
export { nearest, suggest } from './nearest.ts';
export { nodeRoleKey } from './node-role.ts';
export type { Applied, NodeRoleKey, NodeRoleState, ResolvedInputs, StepError, UntrackedNeeds } from './node-role.ts';
export type { Certainty, Plan, PlanAction, PlanActionKind, PlanReason } from './plan.ts';
export type { Checked, Problem } from './problem.ts';
export type { Reason } from './reason.ts';
export { disruptions } from './role.ts';
export type {
  Content,
  Disruption,
  ErrorKind,
  Executor,
  HttpDeclaration,
  Need,
  NeedFrom,
  OutputDeclaration,
  Pack,
  ParamDeclaration,
  PkiDeclaration,
  Profile,
  Requirement,
  RetryPolicy,
  RoleBundle,
  RoleDefinition,
  Stage,
  StageItem,
  StepName,
  Workflow,
} from './role.ts';
export type { NodeGroup, ParamLayer, SecretReference, Specification } from './specification.ts';
export { admit, laneKey, lockKey, refusal, roleKey, take } from './admission.ts';
export type { Candidate, NodeStanding, World } from './admission.ts';
export { remainingPathMs } from './critical-path.ts';
export type { RemovalWork } from './node-role.ts';
export { limitOf, retryAtMs } from './retry.ts';
export { createSchedule } from './schedule.ts';
export type { Blockers, Consequence, Schedule, Standing } from './schedule.ts';
export { holds, transition, workOf } from './transition.ts';
export type { NodeRoleEvent } from './transition.ts';
export { rolesOfDeployment, rolesOfSlots } from './validate/bound-roles.ts';
export { findCycles } from './validate/cycles.ts';
export type { WaitsFor } from './validate/cycles.ts';
export { roleWaits } from './validate/role-order.ts';
export type { ResolveRole } from './validate/role-order.ts';
export { stageContradictions } from './validate/stage-order.ts';
export type { StageContradiction } from './validate/stage-order.ts';
export type { CheckValue } from './validate/specification-context.ts';
export { validateSpecification } from './validate/validate-specification.ts';
export { jsonPath, parseJsonPath } from './validate/json-path.ts';
export type { PathSegment } from './validate/json-path.ts';
export { indexContent, resolveRole } from './graph/content-index.ts';
export type { ContentIndex } from './graph/content-index.ts';
export { bindDeployment } from './graph/bind-deployment.ts';
export type { BindRequest, BindResult } from './graph/bind-deployment.ts';
export type { Binding, Bindings } from './graph/binding.ts';
export { buildGraph } from './graph/build-graph.ts';
export { nodeRanges } from './graph/node-ranges.ts';
export { producersOf } from './graph/producers.ts';
export type { RemovalStep } from './graph/removal-edges.ts';
export { renderGraph } from './graph/render-graph.ts';
export { sortTopologically } from './graph/topology.ts';
export type { Topology } from './graph/topology.ts';
export { wantedNodes } from './graph/wanted-nodes.ts';
export type { WantedNode } from './graph/wanted-nodes.ts';
export { hashInputs, producersWanted, resolveInputs, secretsByDigest } from './inputs.ts';
export type { InputBinding, InputResolution, InputSources, MissingInput, Producer } from './inputs.ts';
export { declaredParams, paramValues, resolveParams } from './params.ts';
export type { ParamQuery, ParamSource, ResolvedParam } from './params.ts';
export { planDeployment } from './plan/plan-deployment.ts';
export type { PlanRequest } from './plan/plan-request.ts';
export { bindTask, planTask } from './plan/plan-task.ts';
export type { TaskRequest } from './plan/plan-task.ts';
export { outputScope } from './plan/predict.ts';
export type { Evaluate, ScopeInputs } from './plan/predict.ts';
export { renderPlan, sayReason } from './plan/render-plan.ts';
export { decideBoot, mostBoots } from './machines/boot-decision.ts';
export type { MachineBoot } from './machines/boot-decision.ts';
export { chooseMachine, fitsWish, machineSize } from './machines/choose-machine.ts';
export type { MachineSize, MachineWish } from './machines/choose-machine.ts';
export { defaultSightingLimits, refuseSighting } from './machines/discovery-limits.ts';
export type { Sighting, SightingCounts, SightingLimits } from './machines/discovery-limits.ts';
export { applyRules } from './machines/discovery-rules.ts';
export type { DiscoveryRule, FactPattern, RuleOutcome } from './machines/discovery-rules.ts';
export { cleanIdentity, cleanMac, cleanUuid, matchIdentity, mergeIdentity, uuidKey } from './machines/identity.ts';
export type { IdentityMatch, RawIdentity } from './machines/identity.ts';
export { machineEventKinds, machineLifecycle, machineStates } from './machines/lifecycle.ts';
export type { MachineEventKind, MachineState, MachineStateRule } from './machines/lifecycle.ts';
export { applyMachineEvent, atDeadline, isInstalled } from './machines/machine-event.ts';
export type { MachineChanged, MachineDeadlines, MachineEvent } from './machines/machine-event.ts';
export type {
  MachineDisk,
  MachineDmi,
  MachineFacts,
  MachineNic,
  MachinePciDevice,
} from './machines/machine-facts.ts';
export type { MachineQuery, MachineStore, NewMachine, Sighted } from './machines/machine-store.ts';
export { machineTaskKinds } from './machines/machine-task.ts';
export type { MachineTask, MachineTaskKind, MachineTaskResult, NewMachineTask } from './machines/machine-task.ts';
export type {
  Machine,
  MachineAllocation,
  MachineBmc,
  MachineIdentity,
  MachineInstall,
  MachinePower,
  MachineReason,
} from './machines/machine.ts';
export { addedMachine, firstMachine, sightedMachine } from './machines/new-machine.ts';
export { decideClaim, hashBootToken, refuseSession } from './machines/boot-session.ts';
export type {
  BootSession,
  BootSessionKind,
  BootSessionStore,
  ClaimDecision,
  ClaimRequest,
  NewBootSession,
  SessionRefusal,
} from './machines/boot-session.ts';
export { renderLifecycle } from './machines/render-lifecycle.ts';
export {
  agentHeard,
  bootCounted,
  identityOfFacts,
  imageWritten,
  reportInstalled,
  takeFacts,
} from './machines/machine-report.ts';
export type { InstalledReport } from './machines/machine-report.ts';
