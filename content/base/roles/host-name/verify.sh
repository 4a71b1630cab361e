#!/bin/sh
set -u
name=$(cat "$FW_DIR/in/node/name")
if [ "$(uname -n)" != "$name" ] || [ "$(cat /etc/hostname)" != "$name" ]; then
  echo "the host name is '$(uname -n)', in /etc/hostname '$(cat /etc/hostname)', wanted '$name'"
  exit 1
fi
