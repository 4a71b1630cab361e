import { nodeScenarios } from './nodes/index.ts';
import type { Scenario } from './scenario.ts';

/** All that `npm run test:faults` draws from. */
export const scenarios: readonly Scenario[] = [...nodeScenarios];
