# What every task begins with: its words, a folder of its own, ways to say how it went. It runs as
# `sh tasks/KIND.sh WORDS WORK`; what it prints goes to the log.
# shellcheck shell=dash disable=SC2034,SC2154 # work: for the tasks; hints, disk_...: from words
work=$2
for part in settings log keys http network lldp facts json; do
  # shellcheck source=/dev/null
  . "${FORMWORK_LIB:-/lib/formwork}/$part.sh"
done
read_settings
# shellcheck source=/dev/null
. "$1"

# fail CODE MESSAGE
fail() {
  printf '%s\n' "$1" >"$work/code"
  printf '%s\n' "$2" >"$work/message"
  exit 1
}

say() { printf '%s\n' "$1" >"$work/message"; }

# progress PERCENT MESSAGE: the newest is sent, about once a second.
progress() {
  printf '{"percent":%s,"message":"%s"}' "$1" "$2" >"$work/progress.new"
  mv "$work/progress.new" "$work/progress"
}

# after COMMAND: what the agent does when the server has the result.
after() { printf '%s\n' "$1" >"$work/after"; }

# matching_disks HINTS: sets disk_count, disk_names and the others of disks.jq.
matching_disks() {
  # shellcheck disable=SC2119
  facts_disks 2>/dev/null | jq -L "$LIB" -n -R -r --argjson hints "$1" -f "$LIB/disks.jq" >"$work/disks" ||
    fail task-failed 'the disks cannot be listed'
  # shellcheck source=/dev/null
  . "$work/disks"
}

# choose_disk HINTS: sets `disk` to the one; ends the task when there is none, or a choice.
choose_disk() {
  matching_disks "$1"
  case $disk_count in
    0) fail no-disk-matches "no disk agrees with the hints; there are: $disks_all" ;;
    1) ;;
    *) fail several-disks-match "several disks agree with the hints: $disks_chosen" ;;
  esac
  check_free "$disk"
}

# Not a disk that something here uses.
check_free() {
  if grep -q "^$DEV/$1" /proc/mounts || [ -n "$(ls "$ROOT/sys/block/$1/holders" 2>/dev/null)" ]; then
    fail disk-busy "$1 is in use"
  fi
}
