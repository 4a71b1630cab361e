import type { ImageConfiguration } from './configuration.ts';
import { imageFiles, maskedUnits } from './image-files.ts';

/** What every node has; the image's own packages come on top. */
const basePackages = [
  'systemd',
  'systemd-sysv',
  'dbus',
  'libpam-systemd',
  'openssh-server',
  'sudo',
  'iproute2',
  'iputils-ping',
  'procps',
  'kmod',
  'ca-certificates',
  'curl',
] as const;

/** Enabled units that stay enabled; of all others a role decides whether they run. */
const keptUnits = ['ssh.service', 'sshd.service', 'dbus.service', 'remote-fs.target'] as const;

const quote = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;

/**
 * The script that builds an image into `$1/rootfs`. It runs on under its lock when the worker dies; `$1` appears by a
 * rename when everything is done. A failure is left in `$1.failed`, the log is its standard output.
 */
export function imageScript(image: ImageConfiguration, sources: readonly string[]): string {
  const packages = [...new Set<string>([...basePackages, ...image.packages])].sort();
  const files = imageFiles.map(
    ({ path, text, mode }) =>
      `mkdir -p "$root"${quote(path.replace(/\/[^/]+$/, ''))}
rm -f "$root"${quote(path)}
cat >"$root"${quote(path)} <<'END_OF_FORMWORK_FILE'
${text}END_OF_FORMWORK_FILE
chmod ${mode} "$root"${quote(path)}`,
  );
  return `set -eu
target=$1
[ ! -d "$target" ] || exit 0
: >"$target.log"
rm -f "$target.failed"
trap 'code=$?; [ "$code" = 0 ] || echo "$code" >"$target.failed"' EXIT
work=$target.building
rm -rf "$work"
mkdir -p "$work"
root=$work/rootfs
echo 'formwork: building the root file system'
mmdebstrap --mode=root --format=directory --variant=minbase --skip=check/empty \\
  --aptopt='Acquire::Languages "none"' --aptopt='APT::Install-Recommends "false"' --aptopt='Acquire::Retries "3"' \\
  --dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/doc/*' \\
  --dpkgopt='path-exclude=/usr/share/locale/*' --dpkgopt='force-unsafe-io' \\
  --include=${quote(packages.join(','))} \\
  ${quote(image.suite)} "$root" ${sources.map(quote).join(' ')} 2>&1
echo 'formwork: finishing the root file system'
rm -f "$root"/etc/ssh/ssh_host_* "$root"/etc/hostname "$root"/var/lib/systemd/random-seed
: >"$root/etc/machine-id"
rm -f "$root/var/lib/dbus/machine-id"
for link in "$root"/etc/systemd/system/*.wants/* "$root"/etc/systemd/system/*.service; do
  case \${link##*/} in ${keptUnits.join('|')}) ;; *) rm -f "$link" ;; esac
done
for unit in ${maskedUnits.join(' ')}; do ln -sf /dev/null "$root/etc/systemd/system/$unit"; done
${files.join('\n')}
mkdir -p "$root/etc/systemd/system/sysinit.target.wants"
for unit in formwork-settings formwork-containers; do
  ln -sf "../$unit.service" "$root/etc/systemd/system/sysinit.target.wants/$unit.service"
done
chroot "$root" useradd --create-home --shell /bin/bash formwork
chroot "$root" passwd --lock root >/dev/null
chroot "$root" passwd --delete formwork >/dev/null
chroot "$root" usermod --password '*' formwork
mv -T "$work" "$target"
echo 'formwork: done'
`;
}
