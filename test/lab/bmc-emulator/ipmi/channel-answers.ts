/** What a BMC answers without any session: its authentication capabilities and cipher suites, its GUID. */
import { serverSuites } from './server-crypto.ts';
import type { Answered, Asked } from './server-message.ts';

interface ChannelDeps {
  readonly kg: Buffer | null;
  readonly suites: readonly number[];
  readonly guid: Buffer;
}

/** Null for commands that need a session. */
export function channelAnswer({ netFn, command, data }: Asked, { kg, suites, guid }: ChannelDeps): Answered | null {
  if (netFn !== 6) return null;
  if (command === 0x38) {
    const extended = ((data[0] ?? 0) & 0x80) !== 0;
    return {
      code: 0,
      data: [1, extended ? 0x80 : 0x00, kg === null ? 0x04 : 0x24, extended ? 0x02 : 0x00, 0, 0, 0, 0],
    };
  }
  if (command === 0x54) {
    const records = serverSuites
      .filter(({ id }) => suites.includes(id))
      .flatMap(({ id, algorithms: [first, second, third] }) => [0xc0, id, first, 0x40 | second, 0x80 | third]);
    const at = ((data[2] ?? 0) & 0x3f) * 16;
    return { code: 0, data: [1, ...records.slice(at, at + 16)] };
  }
  return command === 0x37 ? { code: 0, data: guid } : null;
}
