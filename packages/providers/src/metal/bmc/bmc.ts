/**
 * One BMC, whatever it speaks: calls wait in its queue, are tried again where that can help, and what was asked for is
 * verified by looking. Optional abilities are small objects that are absent where the BMC lacks them (rule 13).
 *
 *   setPower: look -> (command -> look until it is so or the deadline passes) -> done | `power-unverified`
 */
import type { CallContext } from '../../contract.ts';
import { failureOf } from '../../provider-error.ts';
import { afterCall, closedCircuit, defaultCircuit, holdLeftMs, type Circuit, type CircuitPolicy } from './circuit.ts';
import { bmcError, bmcFailures } from './bmc-failures.ts';
import type { BmcQueue } from './bmc-queue.ts';
import { bootMatches, bootText } from './boot-match.ts';
import { deadlineOf } from './deadline.ts';
import type {
  BmcDriver,
  BmcEvent,
  BmcInventory,
  BootDevice,
  BootDeviceSeen,
  DriverKind,
  PowerAction,
  PowerState,
} from './driver.ts';
import { pause, reasonOf } from '../../pause.ts';
import { defaultRetry, retryDelayMs, type RetryPolicy } from './retry-delay.ts';

export interface Bmc {
  readonly kind: DriverKind;
  power(context: CallContext): Promise<PowerState>;
  /**
   * Answers when the machine's power is what was asked for. `cycle` is off and then on, each verified; a `reset` shows
   * nothing that could be verified but that the power is on.
   * @throws `unavailable`, code `power-unverified`, when the BMC said yes and nothing came of it.
   */
  setPower(action: PowerAction, context: CallContext): Promise<void>;
  readonly bootDevice?: {
    /** @throws `unavailable`, code `boot-device-unverified`, when the BMC then says something else. */
    set(wanted: BootDevice, context: CallContext): Promise<void>;
    get(context: CallContext): Promise<BootDeviceSeen>;
  };
  readonly inventory?: (context: CallContext) => Promise<BmcInventory>;
  readonly virtualMedia?: {
    insert(imageUrl: string, context: CallContext): Promise<void>;
    eject(context: CallContext): Promise<void>;
  };
  readonly identify?: (seconds: number, context: CallContext) => Promise<void>;
  readonly events?: (most: number, context: CallContext) => Promise<readonly BmcEvent[]>;
  readonly coldReset?: (context: CallContext) => Promise<void>;
  /** How it went lately; for the node's record. */
  health(): Circuit;
  close(): Promise<void>;
}

export interface BmcPolicy {
  readonly retry: RetryPolicy;
  readonly circuit: CircuitPolicy;
  /** How long the power may take to change; `soft` waits for an operating system. */
  readonly powerDeadlineMs: number;
  readonly softDeadlineMs: number;
  readonly pollMs: number;
}

export const defaultPolicy: BmcPolicy = {
  retry: defaultRetry,
  circuit: defaultCircuit,
  powerDeadlineMs: 60_000,
  softDeadlineMs: 600_000,
  pollMs: 2_000,
};

export interface BmcDeps {
  readonly driver: BmcDriver;
  /** One for each BMC, shared by all handles of it: bmcQueues. */
  readonly queue: BmcQueue;
  readonly policy: BmcPolicy;
  /** Monotonic, milliseconds. */
  readonly now: () => number;
  /** 0 to 1, exclusive. */
  readonly random: () => number;
}

export function openBmc({ driver, queue, policy, now, random }: BmcDeps): Bmc {
  let circuit = closedCircuit;
  let closed = false;

  const attempt = async <T>(work: (signal: AbortSignal) => Promise<T>, signal: AbortSignal): Promise<T> =>
    await queue.run(async () => {
      const heldMs = holdLeftMs(circuit, now());
      if (heldMs > 0) throw bmcError(bmcFailures.circuitOpen(circuit.code, heldMs));
      try {
        const done = await work(signal);
        circuit = closedCircuit;
        return done;
      } catch (error) {
        const seen = signal.aborted ? reasonOf(signal) : error;
        circuit = afterCall(circuit, failureOf(seen), now(), policy.circuit);
        throw seen;
      }
    }, signal);

  const call = async <T>(work: (signal: AbortSignal) => Promise<T>, signal: AbortSignal): Promise<T> => {
    if (closed) throw bmcError(bmcFailures.closed());
    for (let tries = 1; ; tries += 1) {
      try {
        return await attempt(work, signal);
      } catch (error) {
        if (signal.aborted) throw reasonOf(signal);
        const delayMs = retryDelayMs(failureOf(error), tries, policy.retry, random());
        if (delayMs === null) throw error;
        await pause(delayMs, signal);
      }
    }
  };
  const within = <T>(context: CallContext, work: (signal: AbortSignal) => Promise<T>): Promise<T> =>
    call(work, deadlineOf(context));

  const power = (signal: AbortSignal): Promise<PowerState> => call((inner) => driver.power(inner), signal);
  const command = async (action: PowerAction, wanted: 'on' | 'off', signal: AbortSignal): Promise<void> => {
    await call((inner) => driver.setPower(action, inner), signal);
    const deadlineMs = action === 'soft' ? policy.softDeadlineMs : policy.powerDeadlineMs;
    const giveUpAt = now() + deadlineMs;
    for (;;) {
      const seen = await power(signal);
      if (seen === wanted) return;
      if (now() >= giveUpAt) throw bmcError(bmcFailures.powerUnverified(wanted, seen, deadlineMs));
      await pause(Math.min(policy.pollMs, Math.max(0, giveUpAt - now())), signal);
    }
  };
  const setPower = async (action: PowerAction, signal: AbortSignal): Promise<void> => {
    const seen = await power(signal);
    if (action === 'off' || action === 'soft') {
      if (seen !== 'off') await command(action, 'off', signal);
      return;
    }
    if (action === 'reset' && seen !== 'off') {
      await command('reset', 'on', signal);
      return;
    }
    if (action === 'cycle' && seen !== 'off') await command('off', 'off', signal);
    if (action !== 'on' || seen !== 'on') await command('on', 'on', signal);
  };

  const { bootDevice, virtualMedia, inventory, identify, events, coldReset } = driver;
  return {
    kind: driver.kind,
    power: (context) => power(deadlineOf(context)),
    setPower: (action, context) => setPower(action, deadlineOf(context)),
    ...(bootDevice === undefined
      ? {}
      : {
          bootDevice: {
            get: (context) => within(context, (signal) => bootDevice.get(signal)),
            set: (wanted, context) =>
              within(context, async (signal) => {
                const seen = await bootDevice.set(wanted, signal);
                if (!bootMatches(wanted, seen)) {
                  throw bmcError(bmcFailures.bootUnverified(bootText(wanted), bootText(seen)));
                }
              }),
          },
        }),
    ...(virtualMedia === undefined
      ? {}
      : {
          virtualMedia: {
            insert: (imageUrl, context) => within(context, (signal) => virtualMedia.insert(imageUrl, signal)),
            eject: (context) => within(context, (signal) => virtualMedia.eject(signal)),
          },
        }),
    ...(inventory === undefined ? {} : { inventory: (context) => within(context, inventory) }),
    ...(identify === undefined
      ? {}
      : { identify: (seconds, context) => within(context, (signal) => identify(seconds, signal)) }),
    ...(events === undefined ? {} : { events: (most, context) => within(context, (signal) => events(most, signal)) }),
    ...(coldReset === undefined ? {} : { coldReset: (context) => within(context, coldReset) }),
    health: () => circuit,
    async close() {
      closed = true;
      await driver.close();
    },
  };
}
