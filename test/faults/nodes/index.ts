import type { Scenario } from '../scenario.ts';

/** Faults of real local nodes: network, disk, clock, sshd, reboot, host key. */
export const nodeScenarios: readonly Scenario[] = [];
