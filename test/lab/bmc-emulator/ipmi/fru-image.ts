import type { ChassisIdentity } from '../chassis/chassis.ts';
import { complement } from './bytes.ts';

/** FRU inventory with a chassis, a board and a product area, as a factory writes it. */
export function fruImage({ serial, manufacturer, model }: ChassisIdentity): Buffer {
  const field = (text: string): number[] => [0xc0 | text.length, ...Buffer.from(text, 'latin1')];
  const area = (head: readonly number[], ...fields: string[]): Buffer => {
    const body = [...head, ...fields.flatMap(field), 0xc1];
    const units = Math.ceil((body.length + 3) / 8);
    const bytes = Buffer.alloc(units * 8);
    Buffer.from([1, units, ...body]).copy(bytes);
    bytes[bytes.length - 1] = complement(bytes.subarray(0, -1));
    return bytes;
  };
  const chassis = area([0x17], 'CH-1', `C${serial}`);
  const board = area([0, 0, 0, 0], manufacturer, model, `B${serial}`, 'BP-1', 'fru');
  const product = area([0], manufacturer, model, 'PN-1', '1.0', serial, 'asset-1', 'fru');
  const at = [1, 1 + chassis.length / 8, 1 + (chassis.length + board.length) / 8];
  const header = [1, 0, ...at, 0, 0];
  return Buffer.concat([Buffer.from([...header, complement(header)]), chassis, board, product]);
}
