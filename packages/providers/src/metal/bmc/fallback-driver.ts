import { failureOf } from '../../provider-error.ts';
import type { BmcDriver } from './driver.ts';

/** Codes by which a driver says that it and this BMC do not understand each other; another program may. */
const misunderstood: ReadonlySet<string> = new Set(['garbled-answer', 'no-cipher-suite']);

/**
 * The abilities of `first`; a call that it and the BMC do not understand each other in goes to `second`. Once that
 * worked, `second` is asked straight away. A BMC that is silent, busy or refuses us is not asked a second time.
 * @param onFallback Called once, with the code; worth a warning.
 */
export function withFallback(first: BmcDriver, second: BmcDriver, onFallback: (code: string) => void): BmcDriver {
  let settled = false;
  const either = async <T>(one: () => Promise<T>, other: (() => Promise<T>) | undefined): Promise<T> => {
    if (settled && other !== undefined) return await other();
    try {
      return await one();
    } catch (error) {
      const { code } = failureOf(error);
      if (other === undefined || !misunderstood.has(code)) throw error;
      const answer = await other();
      if (!settled) onFallback(code);
      settled = true;
      return answer;
    }
  };
  /** An ability of the first by either of them; none where the first has none. */
  const shared = <Args extends readonly unknown[], T>(
    one: ((...args: Args) => Promise<T>) | undefined,
    other: ((...args: Args) => Promise<T>) | undefined,
  ): ((...args: Args) => Promise<T>) | undefined =>
    one === undefined
      ? undefined
      : (...args) => either(() => one(...args), other === undefined ? undefined : () => other(...args));

  const { bootDevice, virtualMedia, events } = first;
  const inventory = shared(first.inventory, second.inventory);
  const identify = shared(first.identify, second.identify);
  const coldReset = shared(first.coldReset, second.coldReset);
  const boot = second.bootDevice;
  return {
    kind: first.kind,
    power: (signal) =>
      either(
        () => first.power(signal),
        () => second.power(signal),
      ),
    setPower: (action, signal) =>
      either(
        () => first.setPower(action, signal),
        () => second.setPower(action, signal),
      ),
    ...(bootDevice === undefined
      ? {}
      : {
          bootDevice: {
            get: (signal) =>
              either(() => bootDevice.get(signal), boot === undefined ? undefined : () => boot.get(signal)),
            set: (wanted, signal) =>
              either(
                () => bootDevice.set(wanted, signal),
                boot === undefined ? undefined : () => boot.set(wanted, signal),
              ),
          },
        }),
    ...(virtualMedia === undefined ? {} : { virtualMedia }),
    ...(events === undefined ? {} : { events }),
    ...(inventory === undefined ? {} : { inventory }),
    ...(identify === undefined ? {} : { identify }),
    ...(coldReset === undefined ? {} : { coldReset }),
    async close() {
      await Promise.allSettled([first.close(), second.close()]);
    },
  };
}
