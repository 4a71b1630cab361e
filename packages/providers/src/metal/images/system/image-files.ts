/** Files that every installed system has, by path. Part of what an image's hash is made of. */
import { firstBootScript, reportScript } from '../../install/first-boot/first-boot-script.ts';
import { firstBootUnit, reportUnit } from '../../install/first-boot/first-boot-units.ts';

export interface ImageFile {
  readonly path: string;
  readonly text: string;
  /** Octal. */
  readonly mode: string;
}

/**
 * Puts the newest kernel and the one before on the EFI system partition, for both boot loaders. The files have the
 * version in their names and the two configurations change last, so that a power cut leaves a pair that fits.
 */
const updateBoot = `#!/bin/sh
set -eu
esp=\${1:-/boot/efi}
[ $# -gt 0 ] || mountpoint -q "$esp" || exit 0
arguments=$(cat /etc/kernel/cmdline)
mkdir -p "$esp/loader/entries"
place() { cmp -s "$1" "$2" || { cp "$1" "$2.new" && mv -f "$2.new" "$2"; }; }
replace() { cat >"$1.new" && mv -f "$1.new" "$1"; }
label=formwork kept=' ' menu=
for version in $(linux-version list | linux-version sort --reverse | head -n 2); do
  [ -s "/boot/initrd.img-$version" ] || continue
  place "/boot/vmlinuz-$version" "$esp/vmlinuz-$version"
  place "/boot/initrd.img-$version" "$esp/initrd.img-$version"
  kept="$kept vmlinuz-$version initrd.img-$version "
  printf 'title Linux %s\\nversion %s\\nlinux /vmlinuz-%s\\ninitrd /initrd.img-%s\\noptions %s\\n' \\
    "$version" "$version" "$version" "$version" "$arguments" | replace "$esp/loader/entries/$label.conf"
  menu="\${menu}LABEL $label
 KERNEL /vmlinuz-$version
 APPEND initrd=/initrd.img-$version $arguments
"
  label=previous
done
printf 'SERIAL 0 115200\\nDEFAULT formwork\\nPROMPT 0\\nTIMEOUT 0\\n%s' "$menu" | replace "$esp/syslinux.cfg"
printf 'default formwork.conf\\ntimeout 0\\n' | replace "$esp/loader/loader.conf"
sync
for file in "$esp"/vmlinuz-* "$esp"/initrd.img-*; do
  case $kept in *" \${file##*/} "*) ;; *) rm -f "$file" ;; esac
done
[ "$label" = previous ] || { echo 'no kernel with an initrd in /boot' >&2; exit 1; }
`;

const bootHook = '#!/bin/sh\nexec /usr/lib/formwork/update-boot\n';

const sshdSettings = `HostKey /etc/ssh/ssh_host_ed25519_key
PermitRootLogin prohibit-password
PasswordAuthentication no
KbdInteractiveAuthentication no
UseDNS no
MaxStartups 200:30:400
MaxSessions 100
`;

/** Until somebody says otherwise. The lease is the firmware's, who has no other identifier than its MAC. */
const defaultNetwork = `[Match]
Type=ether
Kind=!*

[Network]
DHCP=yes

[DHCPv4]
ClientIdentifier=mac

[DHCPv6]
UseDomains=yes
`;

export const imageFiles: readonly ImageFile[] = [
  { path: '/usr/lib/formwork/first-boot', text: firstBootScript, mode: '755' },
  { path: '/usr/lib/formwork/report', text: reportScript, mode: '755' },
  { path: '/usr/lib/formwork/update-boot', text: updateBoot, mode: '755' },
  { path: '/etc/systemd/system/formwork-first-boot.service', text: firstBootUnit, mode: '644' },
  { path: '/etc/systemd/system/formwork-report.service', text: reportUnit, mode: '644' },
  { path: '/etc/kernel/postinst.d/zz-formwork', text: bootHook, mode: '755' },
  { path: '/etc/kernel/postrm.d/zz-formwork', text: bootHook, mode: '755' },
  { path: '/etc/initramfs/post-update.d/formwork', text: bootHook, mode: '755' },
  { path: '/etc/ssh/sshd_config.d/10-formwork.conf', text: sshdSettings, mode: '644' },
  // An answer of sshd then means that users other than root may log in, too.
  {
    path: '/etc/systemd/system/ssh.service.d/10-formwork.conf',
    text: '[Unit]\nAfter=systemd-user-sessions.service\n',
    mode: '644',
  },
  { path: '/etc/systemd/network/80-formwork-dhcp.network', text: defaultNetwork, mode: '644' },
  // One link with an address is enough: most machines have sockets without a cable.
  {
    path: '/etc/systemd/system/systemd-networkd-wait-online.service.d/10-formwork.conf',
    text: '[Service]\nExecStart=\nExecStart=/lib/systemd/systemd-networkd-wait-online --any\n',
    mode: '644',
  },
  // The root partition is the last: it takes what the disk has, and the file system follows (x-systemd.growfs).
  { path: '/etc/repart.d/50-root.conf', text: '[Partition]\nType=root\n', mode: '644' },
  {
    path: '/etc/apt/apt.conf.d/80formwork',
    text: 'Acquire::Retries "3";\nAcquire::Languages "none";\nAPT::Install-Recommends "false";\n',
    mode: '644',
  },
];

/** The data source of cloud-init is the seed partition and no other: nothing on the network may claim to be it. */
export const cloudInitFiles: readonly ImageFile[] = [
  {
    path: '/etc/cloud/cloud.cfg.d/90-formwork.cfg',
    text: 'datasource_list: [NoCloud]\nssh_genkeytypes: [ed25519]\ngrowpart: {mode: "off"}\nresize_rootfs: false\nlocale: C.UTF-8\nmanage_etc_hosts: localhost\n',
    mode: '644',
  },
];
