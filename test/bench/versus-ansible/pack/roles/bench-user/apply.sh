#!/bin/sh
. ./lib.sh
if getent passwd bench >/dev/null; then how=usermod; else how='useradd -M'; fi
$how -u "$uid" -g bench -d /srv/bench -s /usr/sbin/nologin bench
