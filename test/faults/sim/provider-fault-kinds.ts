import type { JsonObject } from '@formwork/core';
import { between } from '../seeded.ts';

/** A fault of the provider that the engine has to get over by itself. */
export interface HealingFault {
  readonly name: string;
  readonly faults: readonly JsonObject[];
}

/** A fault that ends the run, and what its error has to speak of. */
export interface FinalFault extends HealingFault {
  /** In the error of what failed. */
  readonly says: RegExp;
  /** Whether it fails by itself; else only after the role's time, which the scenario lets pass. */
  readonly waits: boolean;
}

const aFew = (random: () => number): readonly string[] => {
  const group = between(random, 0, 1) === 0 ? 'aa' : 'cc';
  const first = between(random, 1, 6);
  return [`plant-${group}-${first}`, `plant-${group}-${first + 2}`];
};

export const healingFaults = (random: () => number): readonly HealingFault[] => [
  { name: 'no capacity at the first candidate', faults: [{ kind: 'capacity', candidates: 1, nodes: aFew(random) }] },
  { name: 'no capacity for the first creates', faults: [{ kind: 'capacity', creates: between(random, 1, 3) }] },
  {
    name: 'throttled',
    faults: [
      {
        kind: 'throttled',
        operations: ['ensure', 'observe'],
        calls: { from: between(random, 1, 10), to: between(random, 11, 40) },
        retryAfterMs: between(random, 50, 800),
      },
    ],
  },
  {
    name: 'away for some calls',
    faults: [
      { kind: 'unavailable', operations: ['ensure', 'observe'], calls: { from: between(random, 1, 20), to: 22 } },
    ],
  },
  { name: 'answers to creates lost', faults: [{ kind: 'create-lost', probability: 0.2 + 0.6 * random() }] },
  { name: 'slow to boot', faults: [{ kind: 'slow-boot', factor: 3, probability: 0.3 }] },
  { name: 'a destroy that fails twice', faults: [{ kind: 'failing-destroy', times: 2, nodes: aFew(random) }] },
  { name: 'a destroy that lies', faults: [{ kind: 'lying-destroy', nodes: aFew(random) }] },
];

export const finalFaults = (random: () => number): readonly FinalFault[] => [
  {
    name: 'auth lost in mid-run',
    faults: [{ kind: 'auth', operations: ['ensure'], calls: { from: between(random, 5, 18), to: null } }],
    says: /AuthFailure.*credentials/,
    waits: false,
  },
  {
    name: 'a machine that is never ready',
    faults: [{ kind: 'never-ready', nodes: aFew(random) }],
    says: /not done within/,
    waits: true,
  },
];
