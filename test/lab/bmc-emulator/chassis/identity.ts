import type { ChassisIdentity } from './chassis.ts';

/** Machine number `index` of the lab: everything about it that a factory would have given it. */
export function labIdentity(index: number): ChassisIdentity {
  const hex = index.toString(16).padStart(12, '0');
  return {
    uuid: `4c4c4544-0000-4000-8000-${hex}`,
    serial: `SN${String(index).padStart(5, '0')}`,
    manufacturer: 'Formwork Lab',
    model: 'Emulated 1',
    macs: [`52:54:00:77:${hex.slice(-4, -2)}:${hex.slice(-2)}`],
  };
}
