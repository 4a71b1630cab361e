import { le16 } from './bytes.ts';

/** The BMC's system event log: what its machine went through, in records of 16 bytes (IPMI 2.0 section 32.1). */
export interface EventLog {
  add(sensorType: number, sensor: number, eventData: number): void;
  readonly records: readonly Buffer[];
  /** Each reservation ends the one before. */
  reserve(): number;
  reservation(): number;
  clear(): void;
}

const most = 200;

export function createEventLog(now: () => number): EventLog {
  const records: Buffer[] = [];
  let reserved = 0;
  return {
    records,
    add(sensorType, sensor, eventData) {
      if (records.length >= most) return;
      const seconds = Buffer.alloc(4);
      seconds.writeUInt32LE(Math.floor(now() / 1000));
      records.push(
        Buffer.from([
          ...le16(records.length + 1),
          2,
          ...seconds,
          0x20,
          0,
          4,
          sensorType,
          sensor,
          0x6f,
          eventData,
          0,
          0,
        ]),
      );
    },
    reserve: () => {
      reserved = (reserved % 0xffff) + 1;
      return reserved;
    },
    reservation: () => reserved,
    clear: () => {
      records.length = 0;
    },
  };
}
