#!/bin/sh
# As wanted: files, unit and certificates are installed, the running process was started with them, it was healthy once.
. ./lib.sh
installed && [ ! -e $conf/dirty ] && [ "$(state)" = member ] && systemctl is-active -q etcd && exit 0
exit 1
