import type { BmcDriver } from '../driver.ts';
import { bootSeen } from './boot-override.ts';
import { findSystem, type FoundSystem } from './find-system.ts';
import { readInventory } from './inventory.ts';
import { powerOf, reset } from './power.ts';
import type { RedfishApi } from './redfish-api.ts';
import type { RedfishTarget } from './redfish-target.ts';
import { setBoot } from './set-boot.ts';
import { ejectMedia, insertMedia } from './virtual-media.ts';
import { withRedfish } from './with-redfish.ts';

/** Redfish (DSP0266). Each call is a session of its own, deleted when it ends. */
export function redfishDriver(target: RedfishTarget): BmcDriver {
  const onSystem = <T>(signal: AbortSignal, work: (api: RedfishApi, found: FoundSystem) => Promise<T>): Promise<T> =>
    withRedfish(target, signal, async (session) => work(session.api, await findSystem(session, target.systemId)));

  return {
    kind: 'redfish',
    power: (signal) => onSystem(signal, (_, { system }) => Promise.resolve(powerOf(system.PowerState))),
    setPower: (action, signal) => onSystem(signal, (api, found) => reset(api, found, action)),
    bootDevice: {
      get: (signal) => onSystem(signal, (_, { system }) => Promise.resolve(bootSeen(system.Boot))),
      set: (wanted, signal) => withRedfish(target, signal, (session) => setBoot(session, target, wanted)),
    },
    inventory: (signal) => onSystem(signal, readInventory),
    virtualMedia: {
      insert: (imageUrl, signal) => withRedfish(target, signal, (session) => insertMedia(session, target, imageUrl)),
      eject: (signal) => withRedfish(target, signal, (session) => ejectMedia(session, target)),
    },
    close: () => Promise.resolve(),
  };
}
