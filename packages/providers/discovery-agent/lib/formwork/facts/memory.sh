# Memory as it is built in: blocks that are online. What the kernel has left of it (MemTotal) is only a second choice.
# shellcheck shell=dash
facts_memory() {
  directory=$ROOT/sys/devices/system/memory
  block=$(cat "$directory/block_size_bytes" 2>/dev/null)
  blocks=$(cat "$directory"/memory*/online 2>/dev/null | grep -c 1)
  if [ -n "$block" ] && [ "$blocks" -gt 0 ]; then
    fact memoryMiB n $((0x$block / 1048576 * blocks))
  else
    fact memoryMiB n "$(awk '/^MemTotal:/ { printf "%d", $2 / 1024 }' "$ROOT/proc/meminfo")"
  fi
  local index=0
  for node in "$ROOT"/sys/devices/system/node/node*; do
    [ -d "$node" ] || continue
    fact "numa.$index.node" n "${node##*node}"
    # Read in one: octet by octet, as `read` does, the kernel gives nothing away.
    fact "numa.$index.cpus" s "$(cat "$node/cpulist")"
    fact "numa.$index.memoryMiB" n "$(awk '/MemTotal:/ { printf "%d", $4 / 1024 }' "$node/meminfo")"
    index=$((index + 1))
  done
}
