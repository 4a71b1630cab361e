import type { BootTarget, Chassis, ChassisIdentity } from './chassis.ts';

export interface MemoryChassis extends Chassis {
  /** What each start booted from, oldest first. */
  readonly boots: readonly BootTarget[];
  /** A machine whose operating system takes no notice of the power button. */
  ignoreShutDown: boolean;
  readonly media: { image: string | null };
}

/** A machine that is only a bit. */
export function memoryChassis(identity: ChassisIdentity): MemoryChassis {
  const boots: BootTarget[] = [];
  const media: { image: string | null } = { image: null };
  let on = false;
  const chassis: MemoryChassis = {
    identity,
    boots,
    media,
    ignoreShutDown: false,
    isOn: () => on,
    start: (target) => {
      if (!on) boots.push(target);
      on = true;
      return Promise.resolve();
    },
    stop: () => {
      on = false;
      return Promise.resolve();
    },
    shutDown: () => {
      if (!chassis.ignoreShutDown) on = false;
      return Promise.resolve();
    },
    insert: (image) => {
      media.image = image;
    },
    close: () => Promise.resolve(),
  };
  return chassis;
}
