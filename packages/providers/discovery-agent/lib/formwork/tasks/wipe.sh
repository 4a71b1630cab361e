#!/bin/sh
# Wipes disks. quick: what makes a disk bootable or readable as something (tables, superblocks), and a discard of all of it
# where the disk has one; nvme: format with erasure of user data; ata: security erase; auto: the best of these that the
# disk has. Every disk is tried; one that fails makes the task fail.
# shellcheck source=/dev/null
. "${FORMWORK_LIB:-/lib/formwork}/task-step.sh"
# shellcheck source=/dev/null
. "$LIB/wipe-disk.sh"

mode=$(field .mode)
if [ "$(field .disks)" = all ]; then
  disks=$(matching_disks null)
else
  disks=$(matching_disks .disks)
  [ "$(printf '%s\n' "$disks" | jq length)" != 0 ] || fail disk-none "no disk agrees with the hints; there are: $(name_disks <"$work/disks")"
fi
: >"$work/wiped"
failed=
for disk in $(printf '%s\n' "$disks" | jq -r '.[].name'); do
  check_free "$disk"
done
for disk in $(printf '%s\n' "$disks" | jq -r '.[].name'); do
  method= problem=
  wipe_disk "$disk" "$mode" || { failed="$failed $disk: $problem;"; wipe_code=${wipe_code:-wipe-failed}; }
  printf '%s\n' "$disk: ${method:-not wiped}${problem:+ ($problem)}"
  jq -n -c --arg name "$disk" --arg method "$method" --arg problem "$problem" \
    '{$name, method: (if $method == "" then null else $method end), problem: (if $problem == "" then null else $problem end)}' >>"$work/wiped"
done
sync
jq -s -c '{disks: .}' "$work/wiped" >"$work/outputs"
[ -z "$failed" ] || fail "$wipe_code" "${failed# }"
say "wiped $(wc -l <"$work/wiped") disks"
