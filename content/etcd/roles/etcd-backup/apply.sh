#!/bin/sh
# Saves a snapshot from the node's own member. A file of the same name is replaced only once the new one is whole.
. ./lib.sh
umask 077
directory=$(dirname "$path")
mkdir -p "$directory" || exit 1
rm -f "$path".formwork*
answer=$(timeout 500 etcdctl --endpoints=https://127.0.0.1:2379 --dial-timeout=3s --command-timeout=480s snapshot save "$path.formwork" 2>&1) || {
  printf 'snapshot save: %s\n' "$answer" | tail -n 3 | tee "$FW_DIR/why"
  exit 75
}
timeout 60 etcdctl snapshot status "$path.formwork" >/dev/null || exit 1
sync "$path.formwork" "$directory" && mv -f "$path.formwork" "$path" && chmod 0600 "$path"
