#!/bin/sh
. ./lib.sh
if [ "$(wanted)" != "$(cat $conf 2>/dev/null)" ]; then
  echo "$conf is not as wanted"
  exit 1
fi
left=$(differing)
if [ -n "$left" ]; then
  printf '%s\n' "$left"
  exit 1
fi
