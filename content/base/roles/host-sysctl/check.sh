#!/bin/sh
. ./lib.sh
[ "$(wanted)" = "$(cat $conf 2>/dev/null)" ] && [ -z "$(differing)" ] && exit 0
exit 1
