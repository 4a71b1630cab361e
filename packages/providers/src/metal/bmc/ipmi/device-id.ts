/** Get Device ID, Get System GUID and Cold Reset (IPMI 2.0 sections 20.1, 20.2 and 22.14). */
import { bmcError, bmcFailures } from '../bmc-failures.ts';
import { parsed, refused, type Parsed } from '../parsed.ts';
import type { Session } from './session.ts';

const netFn = 0x06;

export interface DeviceId {
  /** `2.14`. */
  readonly firmware: string;
  /** `2.0`. */
  readonly ipmiVersion: string;
  /** IANA enterprise number. */
  readonly manufacturerId: number;
  readonly productId: number;
}

/** data: 0 id | 1 revision | 2 firmware major | 3 minor, BCD | 4 IPMI version, BCD, low digit first | 5 support |
 * 6..8 manufacturer | 9..10 product */
export function parseDeviceId(data: Buffer): Parsed<DeviceId> {
  if (data.length < 11) return refused(`device id of ${data.length} bytes`);
  const [major = 0, minor = 0, version = 0] = data.subarray(2, 5);
  return parsed({
    firmware: `${major & 0x7f}.${minor.toString(16).padStart(2, '0')}`,
    ipmiVersion: `${version & 0x0f}.${version >> 4}`,
    manufacturerId: data.readUIntLE(6, 3) & 0xfffff,
    productId: data.readUInt16LE(9),
  });
}

export async function getDeviceId(session: Session): Promise<DeviceId> {
  const what = 'Get Device ID';
  const id = parseDeviceId(await session.command(what, { netFn, command: 0x01, data: [] }));
  if (!id.ok) throw bmcError(bmcFailures.garbled(what, id.reason));
  return id.value;
}

/** The 16 bytes as they stand in the answer, grouped like a UUID; null where the BMC has none or only zeros or FF. */
export async function getSystemGuid(session: Session): Promise<string | null> {
  const { completionCode, data } = await session.ask('Get System GUID', { netFn, command: 0x37, data: [] });
  if (completionCode !== 0 || data.length < 16) return null;
  const hex = data.toString('hex', 0, 16);
  if (/^(0+|f+)$/.test(hex)) return null;
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

export async function coldReset(session: Session): Promise<void> {
  await session.command('Cold Reset', { netFn, command: 0x02, data: [] });
}
