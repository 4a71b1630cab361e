#!/bin/sh
. ./lib.sh
sane || exit 1
if shared; then exit 0; fi
configured || exit 1
synchronised || ! required || exit 1
exit 0
