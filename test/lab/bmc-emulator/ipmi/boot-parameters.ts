/** System boot options as the BMC keeps them (IPMI 2.0 table 28-14): parameters 0, 3, 4 and 5. */
import type { BootTarget } from '../chassis/chassis.ts';
import { noOverride, type Machine } from '../machine.ts';
import type { Answered } from './server-message.ts';

const targets: readonly (readonly [number, BootTarget])[] = [
  [0x00, 'default'],
  [0x04, 'pxe'],
  [0x08, 'disk'],
  [0x24, 'disk'],
  [0x14, 'cdrom'],
  [0x18, 'bios'],
];
const expiryMs = 60_000;

export interface BootParameters {
  set(data: Buffer): Answered;
  get(data: Buffer): Answered;
}

export function createBootParameters(machine: Machine, now: () => number): BootParameters {
  let inProgress = 0;
  let keepValid = 0;
  let acknowledged: readonly number[] = [0, 0];
  let selector = 0;

  return {
    set(data) {
      const [parameter = 0, first = 0, second = 0] = data;
      switch (parameter & 0x7f) {
        case 0:
          if (first === 1 && inProgress === 1) return { code: 0x81 };
          inProgress = first & 3;
          return { code: 0 };
        case 3:
          keepValid = first & 0x1f;
          return { code: 0 };
        case 4:
          acknowledged = [first, second];
          return { code: 0 };
        case 5: {
          if (data.length < 6) return { code: 0xc7 };
          const target = targets.find(([code]) => code === (second & 0x3c))?.[1];
          if (target === undefined) return { code: 0xcc };
          selector = second & 0x3c;
          // Valid for a minute, unless parameter 3 says that no chassis control need follow.
          const expiresAtMs = (keepValid & 0x08) === 0 ? now() + expiryMs : null;
          const [persistent, efi] = [(first & 0x40) !== 0, (first & 0x20) !== 0];
          machine.setOverride(
            (first & 0x80) === 0 ? noOverride : { target, persistent, efi, httpBootUri: null, expiresAtMs },
          );
          return { code: 0 };
        }
        default:
          return { code: 0x80 };
      }
    },
    get(data) {
      const parameter = (data[0] ?? 0) & 0x7f;
      const answer = (...bytes: readonly number[]): Answered => ({ code: 0, data: [1, parameter, ...bytes] });
      switch (parameter) {
        case 0:
          return answer(inProgress);
        case 3:
          return answer(keepValid);
        case 4:
          return answer(...acknowledged);
        case 5: {
          const { target, persistent, efi } = machine.override();
          if (target === 'default') return answer(0, 0, 0, 0, 0);
          const known = targets.find(([code, name]) => name === target && (code === selector || selector === 0));
          const code = known?.[0] ?? targets.find(([, name]) => name === target)?.[0] ?? 0;
          return answer(0x80 | (persistent ? 0x40 : 0) | (efi ? 0x20 : 0), code, 0, 0, 0);
        }
        default:
          return { code: 0x80 };
      }
    },
  };
}
