export type { FailureKind, Json, JsonObject, Problem } from '@formwork/core';
export { FormworkError } from '@formwork/core';
export type {
  CallInput,
  Client,
  ClientOptions,
  StreamEvent,
  StreamId,
  StreamInput,
} from './client/client.ts';
export { createClient } from './client/client.ts';
export { kindOfStatus, problemsOf } from './client/failure.ts';
export { allItems } from './client/pages.ts';
export type { StreamOptions } from './client/stream.ts';
export type { BodyKind, HttpMethod, RequiredRole, RouteContract, ScopeKind } from './contract.ts';
export { etagOf, versionOfEtag } from './contract.ts';
export { selectFields } from './fields.ts';
export { openApiDocument } from './openapi/document.ts';
export { problemStatuses } from './openapi/operation.ts';
export type {
  AnswerBody,
  CallAnswer,
  CallBody,
  CallParams,
  CallQuery,
  OperationId,
  RequestBody,
  RequestParams,
  RequestQuery,
  Routes,
} from './routes.ts';
export { routes } from './routes.ts';
export type { DeploymentResponse, LeaksResponse, ParamsResponse } from './schemas/deployment.ts';
export type { EventResponse } from './schemas/event.ts';
export type { LogResponse } from './schemas/log.ts';
export type { MachineItemResponse, MachineResponse } from './schemas/machine.ts';
export type { NodeResponse } from './schemas/node.ts';
export type { NodeRoleResponse, WhyResponse } from './schemas/node-role.ts';
export type { PlanResponse } from './schemas/plan.ts';
export type { ProblemBody, ProblemCode } from './schemas/problem.ts';
export { problemBody, problemCodes, problemItemSchema, problemMediaType, problemSchema } from './schemas/problem.ts';
export { durationMs } from './schemas/query.ts';
export type { RunResponse } from './schemas/run.ts';
export { runEnded } from './schemas/run.ts';
export type { SiteResponse } from './schemas/site.ts';
