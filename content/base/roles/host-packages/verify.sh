#!/bin/sh
. ./lib.sh
if ! configured; then
  say "apt's proxy or sources are not as wanted"
  exit 1
fi
left=$(missing)
if [ -n "$left" ]; then
  say "not installed: $left"
  exit 1
fi
