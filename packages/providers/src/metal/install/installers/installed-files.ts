/** What an installer leaves on the new system whatever it is: the account's keys, the network, the report of the host keys. */
import { reportScript, firstBootScript } from '../first-boot/first-boot-script.ts';
import { firstBootUnit, reportUnit } from '../first-boot/first-boot-units.ts';
import { settingsText } from '../seed/seed-files.ts';
import type { RenderedFile } from '../network/rendered-file.ts';
import type { InstallerDescription } from './installer-description.ts';

/** The report is sent by these. */
export const reportPackages = ['curl', 'openssl', 'sudo', 'openssh-server'] as const;

function installedFiles(
  { firstBoot }: InstallerDescription,
  network: readonly RenderedFile[],
): readonly RenderedFile[] {
  const { report, user, userData } = firstBoot;
  const seed = '/var/lib/formwork/seed';
  const sudoers = `/etc/sudoers.d/90-formwork-${user}`;
  return [
    ...(user === 'root' ? [] : [{ path: sudoers, text: `${user} ALL=(ALL) NOPASSWD: ALL\n`, mode: 0o440 }]),
    ...network,
    { path: '/usr/lib/formwork/first-boot', text: firstBootScript, mode: 0o755 },
    { path: '/usr/lib/formwork/first-boot-by', text: 'installer\n', mode: 0o644 },
    { path: '/usr/lib/formwork/report', text: reportScript, mode: 0o755 },
    { path: '/etc/systemd/system/formwork-first-boot.service', text: firstBootUnit, mode: 0o644 },
    { path: '/etc/systemd/system/formwork-report.service', text: reportUnit, mode: 0o644 },
    { path: `${seed}/first-boot.conf`, text: settingsText(firstBoot), mode: 0o600 },
    ...(userData === null ? [] : [{ path: `${seed}/user-data`, text: userData, mode: 0o700 }]),
    ...(report === null ? [] : [{ path: `${seed}/install-key.pem`, text: report.privateKey, mode: 0o600 }]),
  ];
}

/**
 * A shell script for the new system's root, run once at the end of the installation. Contents travel as base64: nothing in
 * them can be syntax, neither of the shell nor of the installer's file.
 */
export function finishScript(description: InstallerDescription, network: readonly RenderedFile[]): string {
  const { user, sshKeys } = description.firstBoot;
  const lines = installedFiles(description, network).map(({ path, text, mode }) => {
    const directory = path.replace(/\/[^/]+$/, '');
    return `mkdir -p ${directory}; echo ${base64(text)} | base64 -d >${path}; chmod ${mode.toString(8)} ${path}`;
  });
  return [
    'set -e',
    'umask 022',
    'mkdir -p /var/lib/formwork',
    'chmod 700 /var/lib/formwork',
    ...lines,
    `id -u ${user} >/dev/null 2>&1 || useradd --create-home --shell /bin/bash --password '*' ${user}`,
    `home=$(getent passwd ${user} | cut -d: -f6)`,
    'mkdir -p "$home/.ssh"',
    `echo ${base64(sshKeys.map((key) => `${key}\n`).join(''))} | base64 -d >"$home/.ssh/authorized_keys"`,
    'chmod 700 "$home/.ssh"; chmod 600 "$home/.ssh/authorized_keys"',
    `chown -R ${user}: "$home/.ssh"`,
    '[ ! -x /usr/sbin/restorecon ] || restorecon -R "$home/.ssh" /etc/systemd/system /var/lib/formwork /usr/lib/formwork',
    'systemctl enable formwork-first-boot.service formwork-report.service',
    '',
  ].join('\n');
}

export const base64 = (text: string): string => Buffer.from(text, 'utf8').toString('base64');
