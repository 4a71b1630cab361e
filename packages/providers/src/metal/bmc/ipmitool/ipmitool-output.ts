/** What ipmitool 1.8 prints, as far as we ask it to. */
import type { ProviderFailure } from '../../../contract.ts';
import { bmcFailures } from '../bmc-failures.ts';
import type { BootDeviceName, BootDeviceSeen, PowerState } from '../driver.ts';
import { completionFailure } from '../ipmi/completion-codes.ts';
import { parsed, refused, type Parsed } from '../parsed.ts';

/** `Chassis Power is on`. */
export function parsePowerStatus(stdout: string): Parsed<PowerState> {
  const found = /^Chassis Power is (on|off)$/m.exec(stdout);
  if (found === null) return refused('no line "Chassis Power is on" or "off"');
  return parsed(found[1] === 'on' ? 'on' : 'off');
}

/** `Name   : value` lines, names in lower case; of a name that comes twice the first. */
export function parseFields(stdout: string): ReadonlyMap<string, string> {
  const fields = new Map<string, string>();
  for (const line of stdout.split('\n').slice(0, 1_000)) {
    const at = line.indexOf(' : ');
    const name = line.slice(0, at).trim().toLowerCase();
    if (at > 0 && !fields.has(name)) fields.set(name, line.slice(at + 3).trim());
  }
  return fields;
}

const selectors: readonly (readonly [RegExp, BootDeviceName])[] = [
  [/No override/, 'none'],
  [/Force PXE/, 'pxe'],
  [/Force Boot from (default Hard-Drive|primary remote media|remote hard)/i, 'disk'],
  [/Force Boot from (CD|remote.*CD)/i, 'cdrom'],
  [/Force Boot into BIOS/i, 'bios'],
];

/** `chassis bootparam get 5`. */
export function parseBootParameter(stdout: string): Parsed<BootDeviceSeen> {
  const selector = /- Boot Device Selector : (.*)$/m.exec(stdout)?.[1];
  if (selector === undefined) return refused('no boot device selector');
  if (!stdout.includes('- Boot Flag Valid')) return parsed({ device: 'none', persistent: null, efi: null });
  return parsed({
    device: selectors.find(([pattern]) => pattern.test(selector))?.[1] ?? 'other',
    persistent: stdout.includes('- Options apply to all future boots'),
    efi: stdout.includes('- BIOS EFI boot'),
  });
}

/** The command is not possible in the present state of the machine. */
export const notInThisState = 'ipmi-D5';

const causes: readonly (readonly [RegExp, ProviderFailure])[] = [
  [/not supported in present state/i, completionFailure(0xd5, 'the command')],
  [/insufficient resources for session/i, bmcFailures.busy('ipmitool', 'The BMC has no free session.', 5_000)],
  [/node busy|out of space|BMC initializ/i, bmcFailures.busy('ipmitool', 'The BMC is busy.', 1_000)],
  [
    /RAKP 2 HMAC is invalid|RAKP \d message indicates an error|unauthorized name|password/i,
    bmcFailures.badCredentials('ipmitool', 'The BMC refused the user or the password.'),
  ],
  [
    /no matching cipher suite|invalid .*algorithm/i,
    bmcFailures.invalid('no-cipher-suite', 'The BMC refused the cipher suite.'),
  ],
  [/Unable to establish|Address lookup|timeout/i, bmcFailures.unreachable('ipmitool')],
];

/** Why ipmitool failed. Its text is left out where it is none that we know: it may quote what it was given. */
export function ipmitoolFailure(during: string, stderr: string): ProviderFailure {
  const code = /\(?(?:rsp|ccode|code)[ =:]*0x([0-9a-f]{2})\)?/i.exec(stderr)?.[1];
  if (code !== undefined) return completionFailure(Number.parseInt(code, 16), during);
  const known = causes.find(([pattern]) => pattern.test(stderr))?.[1];
  return (
    known ??
    bmcFailures.of('unavailable', 'ipmitool', `ipmitool failed during ${during} and gave no reason that we know.`)
  );
}
