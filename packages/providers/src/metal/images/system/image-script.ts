import { createHash } from 'node:crypto';
import type { Distribution } from './distributions.ts';
import { cloudInitFiles, type ImageFile, imageFiles } from './image-files.ts';

/** Everything that decides what an image holds, but for the state of the mirror. */
export interface ImageInput {
  readonly distribution: Distribution;
  /** Lines of sources.list, of the building host's choice. */
  readonly sources: readonly string[];
  readonly kernel: string;
  readonly packages: readonly string[];
  readonly firstBoot: 'formwork' | 'cloud-init';
}

/** Sizes of the fixed partitions; the root partition follows them. */
const layout = { startMib: 1, espMib: 256, seedMib: 1 } as const;
export const seedOffsetBytes = (layout.startMib + layout.espMib) * 1024 * 1024;
export const seedSizeBytes = layout.seedMib * 1024 * 1024;

/** cloud-init writes no bond, VLAN or bridge for systemd-networkd itself, and says nothing of it; netplan does. */
const cloudInitPackages = ['cloud-init', 'netplan.io'] as const;

const quote = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;
const serialConsole = 'console=tty0 console=ttyS0,115200n8';

/** What the kernel is started with, whoever starts it. */
export const kernelArguments = (identity: string): string =>
  `root=PARTUUID=${uuidOf(identity, 'root partition')} ro ${serialConsole} panic=60`;

/** The same input gives the same identity, and with it the same identifiers on the disk. */
export function imageIdentity(input: ImageInput): string {
  return createHash('sha256')
    .update(imageScript(input, '0'.repeat(64)))
    .digest('hex');
}

/** An identifier that follows from the image's: reproducible, and in the form of RFC 9562's version 8. */
function uuidOf(identity: string, what: string): string {
  const digest = createHash('sha256').update(`${identity} ${what}`).digest('hex');
  return `${digest.slice(0, 8)}-${digest.slice(8, 12)}-8${digest.slice(13, 16)}-a${digest.slice(17, 20)}-${digest.slice(20, 32)}`;
}

const put = ({ path, text, mode }: ImageFile): string => `mkdir -p "$root"${quote(path.replace(/\/[^/]+$/, ''))}
rm -f "$root"${quote(path)}
cat >"$root"${quote(path)} <<'END_OF_FORMWORK_FILE'
${text}END_OF_FORMWORK_FILE
chmod ${mode} "$root"${quote(path)}`;

/**
 * The script that builds an image in the empty directory `$1`: `image.raw` and `packages` (name and version, a line each).
 * SOURCE_DATE_EPOCH is in its environment: the archive's own time, so that the same archive gives the same image.
 * No loop device and no mount: file systems are made from directories, partitions are put together with dd.
 * ```
 * GPT   1 ESP (vfat; syslinux for BIOS, systemd-boot for UEFI)   2 CIDATA (the seed)   3 root (ext4, grows)
 * ```
 */
export function imageScript(input: ImageInput, identity: string): string {
  const cloudInit = input.firstBoot === 'cloud-init';
  const files = [...imageFiles, ...(cloudInit ? cloudInitFiles : [])];
  const packages = [
    ...new Set([
      ...input.distribution.packages,
      input.kernel,
      ...(cloudInit ? cloudInitPackages : []),
      ...input.packages,
    ]),
  ].sort();
  const uuid = (what: string): string => uuidOf(identity, what);
  return `set -eu
work=$1
root=$work/root
export LC_ALL=C TZ=UTC E2FSPROGS_FAKE_TIME="$SOURCE_DATE_EPOCH"
umask 022
step() { echo "formwork: $*"; }
step 'unpacking and configuring packages'
mmdebstrap --mode=root --format=directory --variant=minbase --skip=check/empty \\
  --keyring=${quote(input.distribution.keyring.file)} \\
  --aptopt='Acquire::Languages "none"' --aptopt='APT::Install-Recommends "false"' --aptopt='Acquire::Retries "3"' \\
  --dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/doc/*' \\
  --dpkgopt='path-exclude=/usr/share/locale/*' --dpkgopt='force-unsafe-io' \\
  --include=${quote(packages.join(','))} \\
  ${quote(input.distribution.suite)} "$root" ${input.sources.map(quote).join(' ')} 2>&1
chroot "$root" dpkg-query -W -f '\${Package} \${Version}\\n' >"$work/packages"

step 'putting our files in'
${files.map(put).join('\n')}
printf '%s\\n' ${quote(input.firstBoot)} >"$root/usr/lib/formwork/first-boot-by"
printf '%s\\n' ${quote(kernelArguments(identity))} >"$root/etc/kernel/cmdline"
printf '%s\\n' ${input.sources.map(quote).join(' ')} >"$root/etc/apt/sources.list"
printf '%s\\n' 'PARTUUID=${uuid('root partition')} / ext4 errors=remount-ro,x-systemd.growfs 0 1' \\
  'PARTUUID=${uuid('esp partition')} /boot/efi vfat umask=0077,nofail 0 2' >"$root/etc/fstab"
printf '127.0.0.1\\tlocalhost\\n::1\\tlocalhost ip6-localhost ip6-loopback\\n' >"$root/etc/hosts"
ln -sf ../run/systemd/resolve/stub-resolv.conf "$root/etc/resolv.conf"
for unit in formwork-first-boot:sysinit.target formwork-report:multi-user.target; do
  mkdir -p "$root/etc/systemd/system/\${unit#*:}.wants"
  ln -sf "../\${unit%:*}.service" "$root/etc/systemd/system/\${unit#*:}.wants/\${unit%:*}.service"
done
chroot "$root" systemctl enable systemd-networkd.service systemd-resolved.service ssh.service 2>&1
# For LVM snapshots, of which there are none; it only delays.
for unit in e2scrub_all.timer e2scrub_reap.service; do ln -sf /dev/null "$root/etc/systemd/system/$unit"; done
chroot "$root" passwd --lock root >/dev/null
mkdir -p "$root/boot/efi" "$work/esp/EFI/BOOT"
mkdir "$root/formwork-esp"
chroot "$root" /usr/lib/formwork/update-boot /formwork-esp
cp -r "$root/formwork-esp/." "$work/esp/"
rm -r "$root/formwork-esp"

step 'taking out what must differ from machine to machine'
rm -f "$root"/etc/ssh/ssh_host_* "$root"/etc/hostname "$root"/var/lib/systemd/random-seed "$root"/var/lib/dbus/machine-id
: >"$root/etc/machine-id"
rm -rf "$root"/var/log/*.log "$root"/var/log/apt "$root"/var/cache/ldconfig/* "$root"/var/cache/debconf/*-old \\
  "$root"/var/lib/apt/lists/* "$root"/var/cache/apt/*.bin "$root"/etc/*- "$root"/var/lib/dpkg/*-old "$root"/tmp/* "$root"/run/*
find "$root" "$work/esp" -newermt "@$SOURCE_DATE_EPOCH" -exec touch -h -d "@$SOURCE_DATE_EPOCH" {} +

step 'making the file systems'
cp /usr/lib/systemd/boot/efi/systemd-bootx64.efi "$work/esp/EFI/BOOT/BOOTX64.EFI"
touch -d "@$SOURCE_DATE_EPOCH" "$work/esp/EFI/BOOT/BOOTX64.EFI" "$work/esp/EFI/BOOT" "$work/esp/EFI"
truncate -s ${layout.espMib}M "$work/esp.img"
mkfs.vfat --invariant -F 32 -n ESP -i ${uuid('esp file system').slice(0, 8)} -h ${layout.startMib * 2048} "$work/esp.img" >/dev/null
(cd "$work/esp" && mcopy -s -p -m -i "$work/esp.img" $(ls | sort) ::/)
syslinux --install "$work/esp.img"
used=$(du -s --apparent-size -m "$root" | cut -f 1)
size=$(((used * 13 / 10 + 256) / 16 * 16))
truncate -s "\${size}M" "$work/root.img"
mke2fs -q -t ext4 -b 4096 -I 256 -i 16384 -m 1 -J size=64 -L root -U ${uuid('root file system')} \\
  -E lazy_itable_init=1,root_owner=0:0,hash_seed=${uuid('hash seed')} -d "$root" "$work/root.img"
# mke2fs copies the times at which the directory tree was made; they say nothing and differ.
inodes=$(dumpe2fs -h "$work/root.img" 2>/dev/null | sed -n 's/^Inode count: *//p')
free=$(dumpe2fs -h "$work/root.img" 2>/dev/null | sed -n 's/^Free inodes: *//p')
seq 11 $((inodes - free)) | sed "s/.*/sif <&> ctime @$SOURCE_DATE_EPOCH\\nsif <&> atime @$SOURCE_DATE_EPOCH\\nsif <&> ctime_extra 0\\nsif <&> atime_extra 0\\nsif <&> crtime @$SOURCE_DATE_EPOCH/" >"$work/times"
echo "sif <2> ctime @$SOURCE_DATE_EPOCH" >>"$work/times"
debugfs -w -f "$work/times" "$work/root.img" >/dev/null 2>&1
e2fsck -n -f "$work/root.img" >"$work/fsck" 2>&1 || { cat "$work/fsck"; exit 1; }

step 'putting the disk together'
image=$work/image.raw
start=$((${layout.startMib + layout.espMib + layout.seedMib}))
truncate -s "$((start + size + 1))M" "$image"
sfdisk -q "$image" <<END_OF_TABLE
label: gpt
label-id: ${uuid('disk')}
start=${layout.startMib}MiB, size=${layout.espMib}MiB, type=uefi, name=ESP, uuid=${uuid('esp partition')}, attrs=LegacyBIOSBootable
start=${layout.startMib + layout.espMib}MiB, size=${layout.seedMib}MiB, type=linux, name=CIDATA, uuid=${uuid('seed partition')}
start=\${start}MiB, size=\${size}MiB, type=4F68BCE3-E8CD-4DB1-96E7-FBCAF984B709, name=root, uuid=${uuid('root partition')}
END_OF_TABLE
dd if=/usr/lib/syslinux/mbr/gptmbr.bin of="$image" bs=440 count=1 conv=notrunc 2>/dev/null
dd if="$work/esp.img" of="$image" bs=1M seek=${layout.startMib} conv=notrunc,sparse 2>/dev/null
dd if="$work/root.img" of="$image" bs=1M seek="$start" conv=notrunc,sparse 2>/dev/null
step 'the disk is whole'
`;
}
