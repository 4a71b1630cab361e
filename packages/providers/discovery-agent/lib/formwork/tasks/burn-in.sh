#!/bin/sh
# Works the machine hard, each part for its time: all processors on sums whose result is known, memory by patterns, disks by
# reading (nothing is written). A wrong result, a failed read, or an error that the kernel says of hardware fails it.
# shellcheck source=/dev/null disable=SC2154
. "${FORMWORK_LIB:-/lib/formwork}/task-step.sh"
# shellcheck source=/dev/null
. "$LIB/burn-in-parts.sh"

disk_seconds=$disk
whole=$((cpu + memory + disk_seconds))
before=$(hardware_errors)
: >"$work/parts"
[ "$cpu" = 0 ] || burn_cpu "$cpu"
[ "$memory" = 0 ] || burn_memory "$memory"
[ "$disk_seconds" = 0 ] || burn_disks "$disk_seconds"
printf '{%s}' "$(paste -s -d , "$work/parts")" >"$work/outputs"
now=$(hardware_errors)
[ "$now" -le "$before" ] || bad "the kernel told of $((now - before)) hardware errors"
[ ! -s "$work/bad" ] || fail burn-in-failed "$(tr '\n' ';' <"$work/bad" | head -c 500)"
say "$whole seconds without an error"
