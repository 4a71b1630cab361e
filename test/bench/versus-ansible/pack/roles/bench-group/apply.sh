#!/bin/sh
. ./lib.sh
if getent group bench >/dev/null; then groupmod -g "$gid" bench; else groupadd -g "$gid" bench; fi
