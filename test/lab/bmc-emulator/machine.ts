import type { BootTarget, Chassis } from './chassis/chassis.ts';
import type { Faults } from './faults.ts';

/** What the BMC remembers for the next boot, as IPMI and Redfish both show it. */
export interface BootOverride {
  readonly target: BootTarget;
  readonly persistent: boolean;
  readonly efi: boolean;
  readonly httpBootUri: string | null;
  /** When it is forgotten unless the machine is started, milliseconds since the epoch; null for never. */
  readonly expiresAtMs: number | null;
}

export type Control = 'off' | 'on' | 'cycle' | 'reset' | 'soft';

export interface MachineDeps {
  readonly chassis: Chassis;
  readonly faults: Faults;
  readonly now: () => number;
}

/** One machine and what its BMC remembers of it, whichever protocol asks. */
export interface Machine {
  readonly chassis: Chassis;
  readonly faults: Faults;
  /** False: not possible in the present state (a reset of a machine that is off). */
  control(action: Control): Promise<boolean>;
  override(): BootOverride;
  setOverride(override: BootOverride): void;
  /** The BMC is away until its cold reset has ended. */
  coldReset(): void;
  isAway(): boolean;
  /** Called at a cold reset: sessions end. */
  onColdReset(listener: () => void): void;
  /** Control commands carried out, oldest first. */
  readonly controls: readonly Control[];
}

export const noOverride: BootOverride = {
  target: 'default',
  persistent: false,
  efi: false,
  httpBootUri: null,
  expiresAtMs: null,
};

export function createMachine({ chassis, faults, now }: MachineDeps): Machine {
  let override = noOverride;
  let awayUntilMs = 0;
  const controls: Control[] = [];
  const listeners: (() => void)[] = [];

  const current = (): BootOverride => {
    if (override.expiresAtMs !== null && now() >= override.expiresAtMs) override = noOverride;
    return override;
  };
  /** A boot uses the override up, unless it is persistent. */
  const bootTarget = (): BootTarget => {
    const { target, persistent } = current();
    override = persistent ? { ...override, expiresAtMs: null } : noOverride;
    return target;
  };
  chassis.onGuestReset?.(bootTarget);

  return {
    chassis,
    faults,
    controls,
    async control(action) {
      const on = chassis.isOn();
      if (!on && (action === 'cycle' || action === 'reset')) return false;
      controls.push(action);
      if (faults.lyingPower) return true;
      if (action === 'soft') {
        if (on) await chassis.shutDown();
        return true;
      }
      if (action !== 'on' && on) await chassis.stop();
      if (action !== 'off' && !chassis.isOn()) await chassis.start(bootTarget());
      return true;
    },
    override: current,
    setOverride: (wanted) => {
      if (!faults.forgetsBootDevice) override = wanted;
    },
    coldReset: () => {
      awayUntilMs = now() + faults.coldResetMs;
      for (const listener of listeners) listener();
    },
    isAway: () => now() < awayUntilMs,
    onColdReset: (listener) => {
      listeners.push(listener);
    },
  };
}
