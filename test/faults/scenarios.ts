import { nodeScenarios } from './nodes/index.ts';
import type { Scenario } from './scenario.ts';
import { drainScenario } from './sim/drain.ts';
import { flushScenario } from './sim/flush.ts';
import { freezeBeforeLaunchScenario } from './sim/freeze-before-launch.ts';
import { freezeScenario } from './sim/freeze.ts';
import { killScenario } from './sim/kill.ts';
import { loadScenario } from './sim/load.ts';
import { providerFaultsScenario } from './sim/provider-faults.ts';
import type { SimDeps } from './sim/stage.ts';

/** All that `npm run test:faults` draws from. `full`: the first round of load in its full size. */
export const scenariosOf = (deps: SimDeps & { readonly full: boolean }): readonly Scenario[] => [
  killScenario(deps),
  flushScenario(deps),
  freezeScenario(deps),
  freezeBeforeLaunchScenario(deps),
  providerFaultsScenario(deps),
  drainScenario(deps),
  loadScenario(deps),
  ...nodeScenarios,
];
