import { failureOf } from '../../../provider-error.ts';
import { bmcError, bmcFailures } from '../bmc-failures.ts';
import type { BmcDriver, BmcInventory, BootDevice, BootDeviceSeen } from '../driver.ts';
import type { SuiteId } from '../ipmi/cipher-suites.ts';
import type { IpmiTarget } from '../ipmi/ipmi-target.ts';
import type { Parsed } from '../parsed.ts';
import type { RunProgram } from '../run-program.ts';
import {
  ipmitoolFailure,
  notInThisState,
  parseBootParameter,
  parseFields,
  parsePowerStatus,
} from './ipmitool-output.ts';

export interface IpmitoolDeps {
  readonly target: Pick<IpmiTarget, 'host' | 'port' | 'credentials' | 'privilege' | 'patience'>;
  readonly suite: SuiteId;
  readonly run: RunProgram;
}

const devices = { none: 'none', pxe: 'pxe', disk: 'disk', cdrom: 'cdrom', bios: 'bios' } as const;

/**
 * The fall-back for BMCs that our own client cannot talk to: Debian's `ipmitool -I lanplus`. The password goes by its
 * environment (`-E`), never by an argument.
 */
export function ipmitoolDriver({ target, suite, run }: IpmitoolDeps): BmcDriver {
  const call = async (words: readonly string[], signal: AbortSignal): Promise<string> => {
    const { user, password, kgHex } = await target.credentials(signal);
    const env = { IPMI_PASSWORD: password, ...(kgHex === undefined ? {} : { IPMI_KGKEY: kgText(kgHex) }) };
    // Without -v ipmitool does not say whether the BMC was silent or refused the password.
    const args = [
      ...['-v', '-I', 'lanplus', '-H', target.host, '-p', String(target.port), '-U', user, '-E', '-C', String(suite)],
      ...['-L', target.privilege.toUpperCase(), '-R', String(target.patience.tries)],
      ...['-N', String(Math.max(1, Math.round(target.patience.firstWaitMs / 1_000)))],
      ...(kgHex === undefined ? [] : ['-K']),
      ...words,
    ];
    const { code, stdout, stderr } = await run('ipmitool', args, env, signal);
    if (code !== 0) throw bmcError(ipmitoolFailure(words.join(' '), stderr));
    return stdout;
  };
  const read = async <T>(
    words: readonly string[],
    parse: (text: string) => Parsed<T>,
    signal: AbortSignal,
  ): Promise<T> => {
    const value = parse(await call(words, signal));
    if (!value.ok) throw bmcError(bmcFailures.garbled(words.join(' '), value.reason));
    return value.value;
  };
  const getBoot = (signal: AbortSignal): Promise<BootDeviceSeen> =>
    read(['chassis', 'bootparam', 'get', '5'], parseBootParameter, signal);

  return {
    kind: 'ipmitool',
    power: (signal) => read(['power', 'status'], parsePowerStatus, signal),
    setPower: async (action, signal) => {
      const state = await call(['power', action], signal).catch((error: unknown) => {
        if (failureOf(error).code === notInThisState) return null;
        throw error;
      });
      // A machine that is off is switched on instead; for the rest the caller looks whether it is so already.
      if (state === null && (action === 'cycle' || action === 'reset')) await call(['power', 'on'], signal);
    },
    bootDevice: {
      get: getBoot,
      set: async ({ device, persistent, efi }: BootDevice, signal) => {
        if (device === 'uefi-http') throw bmcError(bmcFailures.unsupported('IPMI has no boot device uefi-http'));
        // Parameter 3, bit 3: the flags stay valid after 60 seconds. Not every BMC has it.
        await call(['raw', '0x00', '0x08', '0x03', '0x08'], signal).catch(() => undefined);
        const options = [...(persistent ? ['persistent'] : []), ...(efi ? ['efiboot'] : [])];
        const more = options.length === 0 ? [] : [`options=${options.join(',')}`];
        await call(['chassis', 'bootdev', devices[device], ...more], signal);
        return await getBoot(signal);
      },
    },
    inventory: async (signal) => {
      const device = parseFields(await call(['mc', 'info'], signal));
      const guid = parseFields(await call(['mc', 'guid'], signal).catch(() => ''));
      const fru = parseFields(await call(['fru', 'print', '0'], signal).catch(() => ''));
      return inventoryOf(device, guid, fru);
    },
    identify: async (seconds, signal) => {
      await call(['chassis', 'identify', String(seconds)], signal);
    },
    coldReset: async (signal) => {
      await call(['mc', 'reset', 'cold'], signal);
    },
    close: () => Promise.resolve(),
  };
}

/** ipmitool takes a key as text by its environment, and other bytes only as an argument, where everybody reads them. */
function kgText(kgHex: string): string {
  const text = Buffer.from(kgHex, 'hex').toString('latin1');
  if (/^[\x21-\x7e]{1,20}$/.test(text)) return text;
  throw bmcError(bmcFailures.invalid('kg-unsupported', 'ipmitool takes a key Kg of printable characters alone.'));
}

type Fields = ReadonlyMap<string, string>;

const inventoryOf = (device: Fields, guid: Fields, fru: Fields): BmcInventory => ({
  manufacturer: fru.get('product manufacturer') ?? fru.get('board mfg') ?? null,
  model: fru.get('product name') ?? fru.get('board product') ?? null,
  serial: fru.get('product serial') ?? fru.get('chassis serial') ?? null,
  boardSerial: fru.get('board serial') ?? null,
  assetTag: fru.get('product asset tag') ?? null,
  uuid: guid.get('system guid') ?? null,
  bmcFirmware: device.get('firmware revision') ?? null,
  cpuCount: null,
  cpuModel: null,
  memoryMib: null,
  nics: [],
  drives: [],
});
