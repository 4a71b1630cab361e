#!/bin/sh
# Works the machine hard, each part for its time: all processors on sums whose result is known, memory by patterns, disks by
# reading (nothing is written). A wrong result, a failed read, or an error that the kernel says of hardware fails it.
# shellcheck source=/dev/null
. "${FORMWORK_LIB:-/lib/formwork}/task-step.sh"
# shellcheck source=/dev/null
. "$LIB/burn-in-parts.sh"

cpu=$(field '.cpuSeconds // 0 | ceil') memory=$(field '.memorySeconds // 0 | ceil') disk=$(field '.diskSeconds // 0 | ceil')
whole=$((cpu + memory + disk))
before=$(hardware_errors)
echo '{}' >"$work/outputs"
[ "$cpu" = 0 ] || burn_cpu "$cpu"
[ "$memory" = 0 ] || burn_memory "$memory"
[ "$disk" = 0 ] || burn_disks "$disk"
now=$(hardware_errors)
[ "$now" -le "$before" ] || bad "the kernel told of $((now - before)) hardware errors"
[ ! -s "$work/bad" ] || fail burn-in-failed "$(tr '\n' ';' <"$work/bad" | head -c 500)"
say "$whole seconds without an error"
