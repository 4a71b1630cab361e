/**
 * Set and Get System Boot Options (IPMI 2.0 sections 28.12 and 28.13). The order is that of the standard:
 * set in progress -> no expiry after 60 s (parameter 3) -> info acknowledge (4) -> flags (5) -> set complete, always.
 */
import { bmcError, bmcFailures } from '../bmc-failures.ts';
import type { BootDevice, BootDeviceSeen } from '../driver.ts';
import { encodeBootFlags, parseBootFlags } from './boot-flags.ts';
import { completionFailure } from './completion-codes.ts';
import { getDeviceId } from './device-id.ts';
import { ipmiQuirks, type IpmiQuirks } from './ipmi-quirks.ts';
import type { Session } from './session.ts';

const netFn = 0x00;

const setParameter = (session: Session, parameter: number, data: readonly number[]) =>
  session.ask('Set System Boot Options', { netFn, command: 0x08, data: [parameter, ...data] });

export async function setBootDevice(session: Session, wanted: BootDevice): Promise<BootDeviceSeen> {
  const quirks = ipmiQuirks((await getDeviceId(session)).manufacturerId);
  const flags = encodeBootFlags(wanted, quirks);
  if (!flags.ok) throw bmcError(bmcFailures.unsupported(flags.reason));
  // BMCs may lack all parameters but 5; what matters is what is read back.
  await setParameter(session, 0, [0x01]);
  try {
    await setParameter(session, 3, [0x08]);
    await setParameter(session, 4, [0x01, 0x01]);
    const { completionCode } = await setParameter(session, 5, flags.value);
    if (completionCode !== 0) throw bmcError(completionFailure(completionCode, 'Set System Boot Options'));
  } finally {
    await setParameter(session, 0, [0x00]);
  }
  return await readBootFlags(session, quirks);
}

export async function getBootDevice(session: Session): Promise<BootDeviceSeen> {
  return await readBootFlags(session, ipmiQuirks((await getDeviceId(session)).manufacturerId));
}

async function readBootFlags(session: Session, quirks: IpmiQuirks): Promise<BootDeviceSeen> {
  const what = 'Get System Boot Options';
  const data = await session.command(what, { netFn, command: 0x09, data: [0x05, 0x00, 0x00] });
  const seen = parseBootFlags(data, quirks);
  if (!seen.ok) throw bmcError(bmcFailures.garbled(what, seen.reason));
  return seen.value;
}
