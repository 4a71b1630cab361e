/**
 * FRU inventory (IPMI Platform Management FRU Information Storage Definition, sections 8 and 10 to 12). Offsets and
 * lengths count in 8 bytes; each area ends with a checksum.
 *
 *   common header: 0 version 01 | 1 internal | 2 chassis | 3 board | 4 product | 5 multi-record | 6 pad | 7 checksum
 *   chassis: version | length | type | fields: part number, serial, custom ... | C1
 *   board:   version | length | language | date, 3 | manufacturer, product, serial, part number, file id ... | C1
 *   product: version | length | language | manufacturer, name, part number, version, serial, asset tag, file id ... | C1
 */
import { parsed, refused, type Parsed } from '../parsed.ts';
import { fruText } from './fru-text.ts';
import { checksum } from './lan-message.ts';

export interface FruInventory {
  readonly chassisSerial: string | null;
  readonly boardManufacturer: string | null;
  readonly boardProduct: string | null;
  readonly boardSerial: string | null;
  readonly manufacturer: string | null;
  readonly product: string | null;
  readonly serial: string | null;
  readonly assetTag: string | null;
}

const mostFields = 32;

/** Areas that are broken are left out; only a broken common header refuses the whole. */
export function parseFru(bytes: Buffer): Parsed<FruInventory> {
  if (bytes.length < 8) return refused(`FRU of ${bytes.length} bytes`);
  if (((bytes[0] ?? 0) & 0x0f) !== 1) return refused(`FRU format ${bytes[0] ?? 0}`);
  if (checksum(bytes.subarray(0, 8)) !== 0) return refused('checksum of the FRU header is wrong');
  const chassis = fieldsOf(bytes, bytes[2] ?? 0, 3);
  const board = fieldsOf(bytes, bytes[3] ?? 0, 6);
  const product = fieldsOf(bytes, bytes[4] ?? 0, 3);
  const text = (fields: readonly string[], index: number): string | null => fields[index] || null;
  return parsed({
    chassisSerial: text(chassis, 1),
    boardManufacturer: text(board, 0),
    boardProduct: text(board, 1),
    boardSerial: text(board, 2),
    manufacturer: text(product, 0),
    product: text(product, 1),
    serial: text(product, 4),
    assetTag: text(product, 5),
  });
}

/** The fields of the area at `offset`, behind its fixed part; none when it is absent or broken. */
function fieldsOf(bytes: Buffer, offset: number, fixedBytes: number): readonly string[] {
  const start = offset * 8;
  const length = (bytes[start + 1] ?? 0) * 8;
  if (start === 0 || length === 0 || start + length > bytes.length) return [];
  const area = bytes.subarray(start, start + length);
  if (checksum(area) !== 0) return [];
  const fields: string[] = [];
  for (let at = fixedBytes; at < area.length - 1 && fields.length < mostFields; ) {
    const head = area[at] ?? 0;
    if (head === 0xc1) break;
    const size = head & 0x3f;
    if (at + 1 + size > area.length - 1) return fields;
    fields.push(fruText(head >> 6, area.subarray(at + 1, at + 1 + size)));
    at += 1 + size;
  }
  return fields;
}
