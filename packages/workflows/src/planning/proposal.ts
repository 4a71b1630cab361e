import type { Plan } from '@formwork/core';

export interface Proposal {
  readonly planId: string;
  readonly plan: Plan;
  readonly deploymentId: string;
  readonly specificationVersion: number;
  /** False when the same wish had an open plan already. */
  readonly created: boolean;
}
