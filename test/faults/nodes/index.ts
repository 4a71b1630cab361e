import type { Scenario } from '../scenario.ts';
import { clockOff } from './clock-off.ts';
import { diskFull } from './disk-full.ts';
import { hostKeyChanged } from './host-key-changed.ts';
import { kills } from './kills.ts';
import { lateLaunch } from './late-launch.ts';
import { networkCut } from './network-cut.ts';
import { nodeDestroyed } from './node-destroyed.ts';
import { reboots } from './reboots.ts';
import { sshdRestarted } from './sshd-restarted.ts';

/** Faults of real local nodes: network, disk, clock, sshd, reboot, host key. */
export const nodeScenarios: readonly Scenario[] = [
  networkCut,
  nodeDestroyed,
  diskFull,
  clockOff,
  sshdRestarted,
  reboots,
  hostKeyChanged,
  kills,
  lateLaunch,
];
