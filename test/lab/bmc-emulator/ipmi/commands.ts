/** The commands that the emulated BMC knows, by net function and command; all others are answered with C1. */
import type { Control, Machine } from '../machine.ts';
import { createBootParameters } from './boot-parameters.ts';
import { le16, le32 } from './bytes.ts';
import type { EventLog } from './event-log.ts';
import { fruImage } from './fru-image.ts';
import type { Answered, Asked } from './server-message.ts';

export interface CommandDeps {
  readonly machine: Machine;
  readonly events: EventLog;
  readonly guid: Buffer;
  readonly manufacturerId: number;
  readonly now: () => number;
}

export type Carry = (asked: Asked) => Promise<Answered>;

const controls: readonly (Control | null)[] = ['off', 'on', 'cycle', 'reset', null, 'soft'];

export function createCommands({ machine, events, guid, manufacturerId, now }: CommandDeps): Carry {
  const boot = createBootParameters(machine, now);
  const fru = fruImage(machine.chassis.identity);

  const control = async (data: Buffer): Promise<Answered> => {
    const action = controls[(data[0] ?? 0xf) & 0x0f];
    if (action == null) return { code: 0xcc };
    if (!(await machine.control(action))) return { code: 0xd5 };
    events.add(0x22, 1, machine.chassis.isOn() ? 0 : 6);
    return { code: 0 };
  };
  const readFru = (data: Buffer): Answered => {
    if (data.length < 4) return { code: 0xc7 };
    if (data[0] !== 0) return { code: 0xcb };
    const [offset, count] = [data.readUInt16LE(1), data[3] ?? 0];
    if (offset >= fru.length) return { code: 0xc9 };
    if (count > machine.faults.fruChunk) return { code: 0xca };
    const bytes = fru.subarray(offset, offset + count);
    return { code: 0, data: [bytes.length, ...bytes] };
  };
  const selEntry = (data: Buffer): Answered => {
    if (data.length < 6) return { code: 0xc7 };
    const [reservation, wanted] = [data.readUInt16LE(0), data.readUInt16LE(2)];
    if (machine.faults.cancelledReservations > 0) {
      machine.faults.cancelledReservations -= 1;
      return { code: 0xc5 };
    }
    if (reservation !== 0 && reservation !== events.reservation()) return { code: 0xc5 };
    const last = events.records.length;
    const index = wanted === 0 ? 0 : wanted === 0xffff ? last - 1 : wanted - 1;
    const record = events.records[index];
    if (record === undefined) return { code: 0xcb };
    const offset = data[4] ?? 0;
    const next = index + 1 < last ? index + 2 : 0xffff;
    return { code: 0, data: [...le16(next), ...record.subarray(offset, offset + Math.min(data[5] ?? 0, 16))] };
  };
  const table: Readonly<Record<number, (data: Buffer) => Answered | Promise<Answered>>> = {
    0x0001: () => ({ code: 0, data: [machine.chassis.isOn() ? 0x21 : 0x20, 0x00, 0x40] }),
    0x0002: control,
    0x0004: () => ({ code: 0 }),
    0x0008: (data) => boot.set(data),
    0x0009: (data) => boot.get(data),
    0x0601: () => ({
      code: 0,
      data: [0x20, 0x01, 0x02, 0x14, 0x02, 0x8f, ...le32(manufacturerId).subarray(0, 3), 0x34, 0x12, 0, 0, 0, 0],
    }),
    0x0602: () => {
      // The answer leaves before the BMC does.
      setImmediate(() => machine.coldReset());
      return { code: 0 };
    },
    0x0637: () => ({ code: 0, data: guid }),
    0x0a10: (data) => (data[0] === 0 ? { code: 0, data: [...le16(fru.length), 0] } : { code: 0xcb }),
    0x0a11: readFru,
    0x0a40: () => ({
      code: 0,
      data: [0x51, ...le16(events.records.length), ...le16(0xfff), ...le32(0), ...le32(0), 0x02],
    }),
    0x0a42: () => ({ code: 0, data: le16(events.reserve()) }),
    0x0a43: selEntry,
    0x0a47: () => {
      events.clear();
      return { code: 0, data: [1] };
    },
    0x0a48: () => ({ code: 0, data: le32(Math.floor(now() / 1000)) }),
  };
  return async ({ netFn, command, data }) => {
    const injected = machine.faults.completionCodes.shift();
    if (injected !== undefined) return { code: injected };
    return (await table[(netFn << 8) | command]?.(data)) ?? { code: 0xc1 };
  };
}
