/**
 * What a machine is to boot, decided by the server for every single boot: an installed machine gets its own disk, whatever
 * its firmware asks for, and nothing is installed twice. Pure; the boot service adds images, tokens and scripts.
 *
 *   unknown, discovered without facts -> discover      allocated, deploying: writing -> install, written -> its disk
 *   discovered with facts -> wait for approval         active, maintained or broken with a node -> its disk
 *   registering, inspecting, testing, cleaning, ready -> discover      releasing, broken, retired -> wait
 */
import { assertNever } from '../failure.ts';
import type { Machine } from './machine.ts';
import { isInstalled } from './machine-event.ts';

export type MachineBoot =
  /** The discovery image, with a boot session of its own; `reason` says what for. */
  | { readonly kind: 'discover' | 'install' | 'rescue'; readonly reason: string }
  | { readonly kind: 'local' }
  | { readonly kind: 'wait'; readonly reason: string; readonly seconds: number }
  /** It went through too many boots without an end: break the machine with this reason, and let it wait. */
  | { readonly kind: 'give-up'; readonly code: string; readonly reason: string };

/** Network boots of one state that did not lead on, before somebody has to look. */
export const mostBoots = 8;

/** `null`: a machine that nobody knows and that may be taken in (the caller has looked at the subnet's caps). */
export function decideBoot(machine: Machine | null): MachineBoot {
  if (machine === null) return { kind: 'discover', reason: 'unknown; its facts are wanted' };
  const { state, reason } = machine;
  switch (state) {
    case 'discovered':
      return machine.facts === null
        ? limited(machine, { kind: 'discover', reason: 'its facts are wanted' })
        : { kind: 'wait', reason: `waits for approval: formwork machine approve ${machine.name}`, seconds: 60 };
    case 'registering':
    case 'inspecting':
    case 'testing':
    case 'cleaning':
      return limited(machine, { kind: 'discover', reason: reason.message });
    case 'ready':
      return { kind: 'discover', reason: 'in the pool' };
    case 'allocated':
    case 'deploying':
      return machine.install === null || machine.install.phase === 'writing'
        ? limited(machine, { kind: 'install', reason: reason.message })
        : { kind: 'local' };
    case 'active':
      return { kind: 'local' };
    case 'rescue':
      return { kind: 'rescue', reason: reason.message };
    case 'releasing':
      return { kind: 'wait', reason: 'it is being released', seconds: 30 };
    case 'maintenance':
    case 'broken':
      return isInstalled(machine)
        ? { kind: 'local' }
        : { kind: 'wait', reason: `${state}: ${reason.message}`, seconds: 60 };
    case 'retired':
      return { kind: 'wait', reason: 'retired', seconds: 600 };
    default:
      return assertNever(state);
  }
}

const limited = (machine: Machine, boot: MachineBoot): MachineBoot =>
  machine.power.boots < mostBoots
    ? boot
    : {
        kind: 'give-up',
        code: 'boot-loop',
        reason: `${mostBoots} network boots while ${machine.state} and none led on; look at its console`,
      };
