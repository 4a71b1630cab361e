import { option } from './option-codes.ts';

/**
 * Reads options from `from` to `to` into `found`; what is there already is continued (RFC 3396, 7). False when an
 * option does not fit into the area. A missing end option is tolerated: the area's end ends it.
 */
export function readOptions(area: Buffer, from: number, to: number, found: Map<number, Buffer>): boolean {
  let at = from;
  while (at < to) {
    const code = area[at];
    at += 1;
    if (code === undefined || code === option.end) return true;
    if (code === option.pad) continue;
    const length = area[at];
    at += 1;
    if (length === undefined || at > to || at + length > to) return false;
    const value = area.subarray(at, at + length);
    const before = found.get(code);
    found.set(code, before === undefined ? value : Buffer.concat([before, value]));
    at += length;
  }
  return true;
}
