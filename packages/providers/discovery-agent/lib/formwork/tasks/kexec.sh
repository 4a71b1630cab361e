#!/bin/sh
# Loads another kernel, and goes over to it once the server has the result. It comes from the server (by a path below its
# root, with its sha256 in the task) or from a partition of the disk that the hints agree with, named by the task or by a boot entry there.
# shellcheck source=/dev/null disable=SC2154
. "${FORMWORK_LIB:-/lib/formwork}/task-step.sh"
for part in fetch mount-partition; do
  # shellcheck source=/dev/null
  . "$LIB/$part.sh"
done

# below_mount PATH: where it really is; nothing when a link leads out of the partition.
below_mount() {
  real=$(readlink -f "$work/mount/$1")
  case $real in "$(readlink -f "$work/mount")"/*) printf '%s\n' "$real" ;; esac
}

if [ -n "$partition_number" ]; then
  choose_disk "$hints"
  mount_partition "$disk" "$partition_number" || fail kexec-failed "partition $partition_number of $disk cannot be mounted"
  if [ -n "$entry" ]; then
    read_entry "$(below_mount "$entry")" || fail kexec-failed "$entry names no kernel"
  fi
fi

# get NAME PATH SHA256: to a file of that name.
get() {
  path=$2
  if [ -n "$partition_number" ]; then
    cp "$(below_mount "$path")" "$work/$1" || fail kexec-failed "there is no $path"
    return
  fi
  fetch "/${path#/}" >"$work/$1" || fail download-failed "$path: $(cat "$work/fetch.problem")"
  found=$(sha256sum <"$work/$1")
  [ "${found%% *}" = "$3" ] || fail sha256-mismatch "$path has sha256 ${found%% *}"
}

get kernel "$kernel" "$kernel_sha256"
initrd_option=''
if [ -n "$initrd" ]; then
  get initrd "$initrd" "$initrd_sha256"
  initrd_option=--initrd=$work/initrd
fi
[ -z "$partition_number" ] || umount "$work/mount"
loaded=''
for how in -s -c; do
  # shellcheck disable=SC2086 # none or one word
  kexec "$how" -l "$work/kernel" $initrd_option --command-line="$arguments" >"$work/kexec.log" 2>&1 && loaded=yes && break
done
[ -n "$loaded" ] || fail kexec-failed "$(tail -n 1 "$work/kexec.log" | head -c 200)"
after 'leave_machine kexec -e'
