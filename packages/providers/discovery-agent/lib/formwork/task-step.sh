# What every task begins with: its document, a folder of its own, words to say how it went. It runs as
# `sh tasks/KIND.sh DOCUMENT WORK`; what it prints goes to the log.
# shellcheck shell=dash disable=SC2034 # document, work: for the tasks
document=$1 work=$2
for part in settings log keys http network lldp facts; do
  # shellcheck source=/dev/null
  . "${FORMWORK_LIB:-/lib/formwork}/$part.sh"
done
read_settings

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

# field FILTER: of the task, as text; nothing for null.
field() { jq -r "$1 // empty" "$document"; }

# after COMMANDS: what the agent does when the server has the result.
after() { printf '%s\n' "$1" >"$work/after"; }

# matching_disks FILTER: the disks that the hints at this place of the task agree with, as JSON.
matching_disks() {
  facts_disks 2>/dev/null | jq -n -R -c -f "$LIB/facts.jq" | jq -c '.disks' >"$work/disks"
  hints=$(jq -c "$1" "$document")
  jq -c --argjson hints "$hints" -f "$LIB/disks.jq" "$work/disks"
}

# choose_disk FILTER: sets `disk` to the one; ends the task when there is none, or a choice.
choose_disk() {
  chosen=$(matching_disks "$1") || fail task-invalid 'the hints cannot be read'
  case $(printf '%s\n' "$chosen" | jq length) in
    0) fail disk-none "no disk agrees with the hints; there are: $(name_disks <"$work/disks")" ;;
    1) ;;
    *) fail disk-ambiguous "several disks agree with the hints: $(printf '%s\n' "$chosen" | name_disks)" ;;
  esac
  disk=$(printf '%s\n' "$chosen" | jq -r '.[0].name')
  disk_bytes=$(printf '%s\n' "$chosen" | jq -r '.[0].sizeBytes')
  check_free "$disk"
}

name_disks() {
  jq -r 'if length == 0 then "none" else map("\(.name) (serial \(.serial // "unknown"), \(.sizeBytes) bytes)") | join(", ") end'
}

# Not a disk that something here uses.
check_free() {
  if grep -q "^$DEV/$1" /proc/mounts || [ -n "$(ls "$ROOT/sys/block/$1/holders" 2>/dev/null)" ]; then
    fail disk-busy "$1 is in use"
  fi
}
