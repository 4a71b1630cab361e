#!/bin/sh
# The file is a whole snapshot; tells what a restore has to name.
. ./lib.sh
status=$(timeout 60 etcdctl snapshot status "$path" -w simple) || { echo "$path is no whole snapshot"; exit 1; }
mkdir -p "$FW_DIR/out"
printf '%s\n' "$path" >"$FW_DIR/out/path"
sha256sum "$path" | cut -d ' ' -f 1 >"$FW_DIR/out/sha256"
# hash, revision, keys, size
printf '%s\n' "$status" | awk -F', ' '{ print $2 }' >"$FW_DIR/out/revision"
echo "snapshot $path: $status, sha256 $(cat "$FW_DIR/out/sha256")"
