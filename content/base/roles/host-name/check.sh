#!/bin/sh
set -u
name=$(cat "$FW_DIR/in/node/name")
[ "$(uname -n)" = "$name" ] && [ "$(cat /etc/hostname 2>/dev/null)" = "$name" ] && exit 0
exit 1
