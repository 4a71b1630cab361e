import type { z } from 'zod';
import type { RouteContract } from './contract.ts';
import { accessRoutes } from './routes/access.ts';
import { contentRoutes } from './routes/content.ts';
import { deploymentRoutes } from './routes/deployments.ts';
import { eventRoutes } from './routes/events.ts';
import { machineRoutes } from './routes/machines.ts';
import { nodeRoleRoutes } from './routes/node-roles.ts';
import { nodeRoutes } from './routes/nodes.ts';
import { runRoutes } from './routes/runs.ts';
import { siteRoutes } from './routes/sites.ts';
import { systemRoutes } from './routes/system.ts';

/** Every route there is, by operation id. Server, OpenAPI and client read this and nothing else. */
export const routes = {
  ...systemRoutes,
  ...siteRoutes,
  ...nodeRoutes,
  ...machineRoutes,
  ...contentRoutes,
  ...deploymentRoutes,
  ...runRoutes,
  ...nodeRoleRoutes,
  ...eventRoutes,
  ...accessRoutes,
} satisfies Record<string, RouteContract>;

export type Routes = typeof routes;
export type OperationId = keyof Routes;

type Part<Id extends OperationId, Key extends 'params' | 'query' | 'body'> = Routes[Id] extends {
  readonly [K in Key]: infer Schema extends z.ZodType;
}
  ? Schema
  : never;
type OutputOf<Schema> = [Schema] extends [never] ? undefined : Schema extends z.ZodType ? z.output<Schema> : undefined;
type InputOf<Schema> = [Schema] extends [never] ? undefined : Schema extends z.ZodType ? z.input<Schema> : undefined;
type AnswerSchemas<Id extends OperationId> = Routes[Id]['responses'][keyof Routes[Id]['responses']];
type AnswerOutput<Schema> = Schema extends z.ZodType ? z.output<Schema> : undefined;
type AnswerInput<Schema> = Schema extends z.ZodType ? z.input<Schema> : undefined;

/** What a handler gets: parsed, defaults filled in. */
export type RequestParams<Id extends OperationId> = OutputOf<Part<Id, 'params'>>;
export type RequestQuery<Id extends OperationId> = OutputOf<Part<Id, 'query'>>;
export type RequestBody<Id extends OperationId> = OutputOf<Part<Id, 'body'>>;
/** What a handler answers with. */
export type AnswerBody<Id extends OperationId> = AnswerInput<AnswerSchemas<Id>>;

/** What a caller gives, before parsing, and gets. */
export type CallParams<Id extends OperationId> = InputOf<Part<Id, 'params'>>;
export type CallQuery<Id extends OperationId> = InputOf<Part<Id, 'query'>>;
export type CallBody<Id extends OperationId> = InputOf<Part<Id, 'body'>>;
export type CallAnswer<Id extends OperationId> = AnswerOutput<AnswerSchemas<Id>>;
