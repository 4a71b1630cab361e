# Files that make an image this machine's: put into one of its partitions.
# shellcheck shell=dash disable=SC2154 # work: task-step.sh; first_...: from the task

# partition_of DISK NUMBER: nvme0n1 has nvme0n1p2, sda has sda2.
partition_of() {
  case $1 in *[0-9]) printf '%s\n' "$DEV/${1}p$2" ;; *) printf '%s\n' "$DEV/$1$2" ;; esac
}

# mount_partition DISK NUMBER HOW: at $work/mount. The kernel takes a moment to read a table.
mount_partition() {
  partition=$(partition_of "$1" "$2")
  tries=0
  until [ -b "$partition" ]; do
    tries=$((tries + 1))
    [ "$tries" -lt 50 ] || return 1
    sleep 0.2
  done
  modprobe -q -a ext4 vfat nls_cp437 nls_ascii
  mkdir -p "$work/mount"
  for type in ext4 vfat; do
    mount -t "$type" -o "$3" "$partition" "$work/mount" 2>/dev/null && return 0
  done
  return 1
}

put_first_boot() {
  mount_partition "$1" "$first_partition" rw ||
    fail first-boot-failed "partition $first_partition of $1 cannot be mounted"
  put_files "$(readlink -f "$work/mount")"
  umount "$work/mount" || fail first-boot-failed 'the partition cannot be unmounted'
  printf '%s\n' "$first_count files for the first boot"
}

# put_files ROOT
put_files() {
  index=0
  while [ "$index" -lt "$first_count" ]; do
    # The names are numbers and the values were checked by task.jq.
    eval "path=\$first_path_$index mode=\$first_mode_$index content=\$first_content_$index"
    folder=$(dirname "/${path#/}")
    # A link in the image may lead anywhere: the folder has to be where it says.
    mkdir -p "$1$folder"
    [ "$(readlink -f "$1$folder")" = "$1${folder%/}" ] || leave_first_boot "the folder of $path is a link"
    file=$1/${path#/}
    rm -f "$file"
    printf '%s' "$content" | base64 -d >"$file" || leave_first_boot "$path cannot be written"
    chmod "$mode" "$file"
    index=$((index + 1))
  done
}

leave_first_boot() {
  umount "$work/mount" 2>/dev/null
  fail first-boot-failed "$1"
}
