/**
 * System event log (IPMI 2.0 sections 31 and 32): Get SEL Info, Reserve SEL, Get SEL Entry.
 *
 *   entry: 0..1 record id | 2 type: 02 system event, C0..DF OEM with a time, E0..FF OEM without | 3..6 time |
 *          7..8 generator | 9 format | 10 sensor type | 11 sensor number | 12 direction, event type | 13..15 data
 */
import { bmcError, bmcFailures } from '../bmc-failures.ts';
import type { BmcEvent } from '../driver.ts';
import { parsed, refused, type Parsed } from '../parsed.ts';
import { completionFailure } from './completion-codes.ts';
import type { Session } from './session.ts';

const netFn = 0x0a;
const reservationCancelled = 0xc5;
const absent = 0xcb;
const mostReservations = 5;
/** The BMC's clock counts from its own start until it is set; such times are below this (section 37). */
const firstRealTime = 0x2000_0000;
/** An end to any walk: the log numbers its entries in 16 bits. */
const mostEntries = 0xffff;

export interface SelEntry {
  readonly nextId: number;
  readonly event: BmcEvent;
}

export function parseSelEntry(data: Buffer): Parsed<SelEntry> {
  if (data.length < 18) return refused(`SEL entry of ${data.length} bytes`);
  const record = data.subarray(2, 18);
  const type = record[2] ?? 0;
  const seconds = record.readUInt32LE(3);
  const timed = type < 0xe0 && seconds >= firstRealTime && seconds !== 0xffff_ffff;
  const hex = (from: number, to: number): string => record.toString('hex', from, to);
  const [sensorType = 0, sensor = 0, eventType = 0] = record.subarray(10, 13);
  const text =
    type === 0x02
      ? `sensor type ${sensorType}, sensor ${sensor}, ${(eventType & 0x80) === 0 ? 'asserted' : 'deasserted'}, ` +
        `event type ${eventType & 0x7f}, data ${hex(13, 16)}`
      : `OEM record ${type.toString(16)}: ${hex(type < 0xe0 ? 7 : 3, 16)}`;
  return parsed({
    nextId: data.readUInt16LE(0),
    event: { id: String(record.readUInt16LE(0)), atMs: timed ? seconds * 1000 : null, text },
  });
}

/** The newest `most` events, oldest first. A reservation that another console takes away is taken anew. */
export async function readSel(session: Session, most: number): Promise<readonly BmcEvent[]> {
  const info = await session.command('Get SEL Info', { netFn, command: 0x40, data: [] });
  if (info.length < 14) throw bmcError(bmcFailures.garbled('Get SEL Info', `${info.length} bytes`));
  const count = info.readUInt16LE(1);
  if (count === 0) return [];
  const reserves = ((info[13] ?? 0) & 0x02) !== 0;
  const reserve = async (): Promise<readonly number[]> => {
    if (!reserves) return [0, 0];
    const data = await session.command('Reserve SEL', { netFn, command: 0x42, data: [] });
    return [data[0] ?? 0, data[1] ?? 0];
  };
  let reservation = await reserve();
  let reservations = 1;
  const events: BmcEvent[] = [];
  let next = 0x0000;
  for (let walked = 0; walked < mostEntries && next !== 0xffff; ) {
    const { completionCode, data } = await session.ask('Get SEL Entry', {
      netFn,
      command: 0x43,
      data: [...reservation, next & 0xff, next >> 8, 0x00, 0xff],
    });
    if (completionCode === reservationCancelled && reservations < mostReservations) {
      reservation = await reserve();
      reservations += 1;
      continue;
    }
    if (completionCode === absent) break;
    if (completionCode !== 0) throw bmcError(completionFailure(completionCode, 'Get SEL Entry'));
    const entry = parseSelEntry(data);
    if (!entry.ok) throw bmcError(bmcFailures.garbled('Get SEL Entry', entry.reason));
    walked += 1;
    events.push(entry.value.event);
    if (events.length > most) events.shift();
    // A log that points back at the entry itself would be walked for ever.
    if (entry.value.nextId === next) break;
    next = entry.value.nextId;
  }
  return events;
}
