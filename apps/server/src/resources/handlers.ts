import type { KnownTokens } from '../auth/known-tokens.ts';
import type { ServerDeps } from '../deps.ts';
import type { EventHub } from '../events/event-hub.ts';
import type { Handlers } from '../http/handler.ts';
import type { Metrics } from '../metrics/metrics.ts';
import { auditHandlers } from './audit-log.ts';
import { deploymentHandlers } from './deployments.ts';
import { eventHandlers } from './events.ts';
import type { Explanations } from './explanations.ts';
import { graphHandlers } from './graph.ts';
import { leakHandlers } from './leaks.ts';
import { logHandlers } from './logs.ts';
import { nodeRoleHandlers } from './node-roles.ts';
import { machineHandlers } from './machines.ts';
import { nodeHandlers } from './nodes.ts';
import { outputHandlers } from './outputs.ts';
import { packHandlers } from './packs.ts';
import { paramHandlers } from './params.ts';
import { planHandlers } from './plans.ts';
import type { RunReader } from './read-run.ts';
import { contentHandlers } from './roles.ts';
import { runHandlers } from './runs.ts';
import { secretHandlers } from './secrets.ts';
import { siteHandlers } from './sites.ts';
import { systemHandlers } from './system.ts';
import { taskHandlers } from './tasks.ts';
import { tokenHandlers } from './tokens.ts';

export interface HandlerDeps extends ServerDeps {
  readonly hub: EventHub;
  readonly runs: RunReader;
  readonly explanations: Explanations;
  readonly metrics: Metrics;
  readonly tokens: Pick<KnownTokens, 'forget'>;
}

/** All of them; an operation of the route table without one does not compile. */
export const allHandlers = (deps: HandlerDeps): Handlers => ({
  ...systemHandlers(deps),
  ...siteHandlers(deps),
  ...nodeHandlers(deps),
  ...machineHandlers(deps),
  ...packHandlers(deps),
  ...contentHandlers(deps),
  ...deploymentHandlers(deps),
  ...planHandlers(deps),
  ...paramHandlers(deps),
  ...graphHandlers(deps),
  ...outputHandlers(deps),
  ...leakHandlers(deps),
  ...taskHandlers(deps),
  ...runHandlers(deps),
  ...nodeRoleHandlers(deps),
  ...logHandlers(deps),
  ...eventHandlers(deps),
  ...tokenHandlers(deps),
  ...secretHandlers(deps),
  ...auditHandlers(deps),
});
