/** Get FRU Inventory Area Info and Read FRU Data (IPMI 2.0 sections 34.1 and 34.2), of the FRU device 0. */
import { bmcError, bmcFailures } from '../bmc-failures.ts';
import { completionFailure } from './completion-codes.ts';
import { parseFru, type FruInventory } from './fru-areas.ts';
import type { Session } from './session.ts';

const netFn = 0x0a;
const mostBytes = 8_192;
const chunkSizes = [32, 16, 8] as const;
/** Codes by which BMCs say that they cannot send so much at once. */
const tooMuch = [0xc7, 0xc8, 0xc9, 0xca, 0xff];

/** Null where the machine has no FRU, or one that nobody can read. */
export async function readFru(session: Session): Promise<FruInventory | null> {
  const info = await session.ask('Get FRU Inventory Area Info', { netFn, command: 0x10, data: [0] });
  if (info.completionCode !== 0 || info.data.length < 3) return null;
  const unit = ((info.data[2] ?? 0) & 1) === 1 ? 2 : 1;
  const total = Math.min(info.data.readUInt16LE(0), mostBytes);
  const bytes = Buffer.alloc(total);
  let chunk = 0;
  for (let at = 0; at < total; ) {
    const size = Math.min(chunkSizes[chunk] ?? 8, total - at);
    const offset = Math.floor(at / unit);
    const { completionCode, data } = await session.ask('Read FRU Data', {
      netFn,
      command: 0x11,
      data: [0, offset & 0xff, offset >> 8, Math.max(1, Math.floor(size / unit))],
    });
    if (tooMuch.includes(completionCode) && chunk < chunkSizes.length - 1) {
      chunk += 1;
      continue;
    }
    if (completionCode !== 0) throw bmcError(completionFailure(completionCode, 'Read FRU Data'));
    const given = Math.min((data[0] ?? 0) * unit, data.length - 1, total - at);
    if (given <= 0) throw bmcError(bmcFailures.garbled('Read FRU Data', 'no bytes'));
    data.copy(bytes, at, 1, 1 + given);
    at += given;
  }
  const fru = parseFru(bytes);
  return fru.ok ? fru.value : null;
}
