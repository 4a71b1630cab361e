# A partition of a disk, to read from.
# shellcheck shell=dash disable=SC2154 # work: task-step.sh

# mount_partition DISK NUMBER: at $work/mount. The kernel takes a moment to read a table.
mount_partition() {
  # nvme0n1 has nvme0n1p2, sda has sda2.
  case $1 in *[0-9]) partition=$DEV/${1}p$2 ;; *) partition=$DEV/$1$2 ;; esac
  local tries=0
  until [ -b "$partition" ]; do
    tries=$((tries + 1))
    [ "$tries" -lt 50 ] || return 1
    sleep 0.2
  done
  modprobe -q -a ext4 vfat nls_cp437 nls_ascii
  mkdir -p "$work/mount"
  for type in ext4 vfat; do
    mount -t "$type" -o ro "$partition" "$work/mount" 2>/dev/null && return 0
  done
  return 1
}

# read_entry FILE: kernel, initrd and arguments of an entry as the Boot Loader Specification has it.
read_entry() {
  kernel='' initrd='' arguments=''
  while read -r key value; do
    case $key in
      linux) kernel=$value ;;
      initrd) initrd=$value ;;
      options) arguments="$arguments${arguments:+ }$value" ;;
    esac
  done <"$1"
  [ -n "$kernel" ]
}
