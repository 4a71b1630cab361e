import type { BmcDriver, BmcInventory } from '../driver.ts';
import { getBootDevice, setBootDevice } from './boot-options.ts';
import { chassisControl, chassisIdentify, chassisPower } from './chassis.ts';
import type { SuiteId } from './cipher-suites.ts';
import { coldReset, getDeviceId, getSystemGuid } from './device-id.ts';
import { readFru } from './fru-read.ts';
import type { IpmiTarget } from './ipmi-target.ts';
import { readSel } from './sel.ts';
import type { Session } from './session.ts';
import { withSession } from './with-session.ts';

/** IPMI 2.0 over RMCP+. Each call is a session of its own, closed when it ends: BMCs have four to eight of them. */
export function ipmiDriver(target: IpmiTarget): BmcDriver {
  const remembered: { suite: SuiteId | null } = { suite: target.rememberedSuite };
  const within = <T>(signal: AbortSignal, work: (session: Session) => Promise<T>): Promise<T> =>
    withSession(target, remembered, signal, work);

  return {
    kind: 'ipmi',
    power: (signal) => within(signal, chassisPower),
    setPower: (action, signal) => within(signal, (session) => chassisControl(session, action)),
    bootDevice: {
      set: (wanted, signal) => within(signal, (session) => setBootDevice(session, wanted)),
      get: (signal) => within(signal, getBootDevice),
    },
    inventory: (signal) => within(signal, inventory),
    identify: (seconds, signal) => within(signal, (session) => chassisIdentify(session, seconds)),
    events: (most, signal) => within(signal, (session) => readSel(session, most)),
    coldReset: (signal) => within(signal, coldReset),
    close: () => Promise.resolve(),
  };
}

async function inventory(session: Session): Promise<BmcInventory> {
  const device = await getDeviceId(session);
  const uuid = await getSystemGuid(session);
  const fru = await readFru(session);
  return {
    manufacturer: fru?.manufacturer ?? fru?.boardManufacturer ?? null,
    model: fru?.product ?? fru?.boardProduct ?? null,
    serial: fru?.serial ?? fru?.chassisSerial ?? null,
    boardSerial: fru?.boardSerial ?? null,
    assetTag: fru?.assetTag ?? null,
    uuid,
    bmcFirmware: device.firmware,
    cpuCount: null,
    cpuModel: null,
    memoryMib: null,
    nics: [],
    drives: [],
  };
}
