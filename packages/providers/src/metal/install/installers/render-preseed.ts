/** debian-installer: answers to its questions, one a line, `owner name type value`. */
import { renderIfupdown } from '../network/render-ifupdown.ts';
import { base64, finishScript, reportPackages } from './installed-files.ts';
import type { InstallerDescription } from './installer-description.ts';

export function renderPreseed(description: InstallerDescription): string {
  const { firstBoot, network, disk, mirror, release, packages, locale, keyboard, timezone } = description;
  const [host = '', ...domain] = firstBoot.hostname.split('.');
  const script = finishScript(description, network === null ? [] : renderIfupdown(network));
  const ask = (name: string, type: string, value: string | boolean): string =>
    `d-i ${name} ${type}${value === '' ? '' : ` ${value}`}`;
  const lines = [
    ask('debian-installer/locale', 'string', locale),
    ask('keyboard-configuration/xkb-keymap', 'select', keyboard),
    // The installation goes by DHCP on the interface that it was booted from; the system's network is put in at the end.
    ask('netcfg/choose_interface', 'select', 'auto'),
    ask('netcfg/get_hostname', 'string', host),
    ask('netcfg/get_domain', 'string', domain.join('.')),
    ask('netcfg/hostname', 'string', host),
    // netcfg writes its file after late_command: only of the loopback, and beside ours.
    ...(network === null ? [] : [ask('netcfg/target_network_config', 'select', 'loopback')]),
    ...mirrorLines(mirror, release).map(([name, type, value]) => ask(name, type, value)),
    ask('clock-setup/utc', 'boolean', true),
    ask('clock-setup/ntp', 'boolean', true),
    ask('time/zone', 'string', timezone),
    ask('passwd/root-login', 'boolean', true),
    // No password is one: "!" matches none.
    ask('passwd/root-password-crypted', 'password', '!'),
    ask('passwd/make-user', 'boolean', false),
    ask('partman-auto/disk', 'string', disk),
    ask('partman-auto/method', 'string', 'regular'),
    ask('partman-auto/choose_recipe', 'select', 'atomic'),
    ask('partman-lvm/device_remove_lvm', 'boolean', true),
    ask('partman-md/device_remove_md', 'boolean', true),
    ask('partman-partitioning/confirm_write_new_label', 'boolean', true),
    ask('partman/choose_partition', 'select', 'finish'),
    ask('partman/confirm', 'boolean', true),
    ask('partman/confirm_nooverwrite', 'boolean', true),
    ask('partman-efi/non_efi_system', 'boolean', true),
    'tasksel tasksel/first multiselect standard',
    ask(
      'pkgsel/include',
      'string',
      [...new Set([...reportPackages, ...networkPackages(description), ...packages])].join(' '),
    ),
    ask('pkgsel/upgrade', 'select', 'safe-upgrade'),
    'popularity-contest popularity-contest/participate boolean false',
    ask('grub-installer/only_debian', 'boolean', true),
    ask('grub-installer/bootdev', 'string', disk),
    ask('preseed/late_command', 'string', `in-target sh -c 'echo ${base64(script)} | base64 -d | sh'`),
    ask('finish-install/reboot_in_progress', 'note', ''),
    ask('cdrom-detect/eject', 'boolean', false),
  ];
  return lines.map((line) => `${line}\n`).join('');
}

function mirrorLines(
  mirror: string | null,
  release: string | null,
): readonly (readonly [name: string, type: string, value: string])[] {
  const suite = release === null ? [] : [['mirror/suite', 'string', release] as const];
  if (mirror === null) return suite;
  const { protocol, host, pathname } = new URL(mirror);
  const kind = protocol === 'https:' ? 'https' : 'http';
  return [
    ['mirror/country', 'string', 'manual'],
    ['mirror/protocol', 'select', kind],
    [`mirror/${kind}/hostname`, 'string', host],
    [`mirror/${kind}/directory`, 'string', pathname],
    [`mirror/${kind}/proxy`, 'string', ''],
    ...suite,
  ];
}

/** What ifupdown needs for kinds of interfaces. */
function networkPackages({ network }: InstallerDescription): readonly string[] {
  const kinds = new Set(network?.interfaces.map(({ kind }) => kind));
  return [
    ...(kinds.has('bond') ? ['ifenslave'] : []),
    ...(kinds.has('vlan') ? ['vlan'] : []),
    ...(kinds.has('bridge') ? ['bridge-utils'] : []),
  ];
}
