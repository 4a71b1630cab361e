#!/bin/sh
. ./lib.sh
[ "$(block)" = "$(inside)" ] && exit 0
exit 1
