#!/bin/sh
# Wipes disks. quick: what makes a disk bootable or readable as something (tables, superblocks), and a discard of all of it
# where the disk has one; nvme: format with erasure of user data; ata: security erase; auto: the best of these that the
# disk has. Every disk is tried; one that fails makes the task fail.
# shellcheck source=/dev/null disable=SC2154
. "${FORMWORK_LIB:-/lib/formwork}/task-step.sh"
# shellcheck source=/dev/null
. "$LIB/wipe-disk.sh"

matching_disks "$hints"
# A machine without any disk has none that holds something.
[ "$all_disks" = true ] || [ "$disk_count" != 0 ] || fail no-disk-matches "no disk agrees with the hints; there are: $disks_all"
for disk in $disk_names; do check_free "$disk"; done
failed='' comma='' wipe_code=''
printf '{"disks":[' >"$work/outputs"
for disk in $disk_names; do
  method='' problem=''
  wipe_disk "$disk" "$mode" || {
    failed="$failed $disk: $problem;"
    wipe_code=${wipe_code:-wipe-failed}
  }
  printf '%s\n' "$disk: ${method:-not wiped}${problem:+ ($problem)}"
  printf '%s{"name":"%s","method":%s,"problem":%s}' "$comma" "$disk" \
    "$(printf %s "$method" | json_text)" "$(printf %s "$problem" | json_text)" >>"$work/outputs"
  comma=,
done
printf ']}' >>"$work/outputs"
sync
[ -z "$failed" ] || fail "$wipe_code" "${failed# }"
say "wiped $disk_count disks"
