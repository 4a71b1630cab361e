#!/bin/sh
# Removes the packages; a purge would delete /var/lib/etcd, which is not this role's to delete.
. ./lib.sh
if systemctl is-active -q etcd; then
  say "etcd still runs on this node"
  exit 1
fi
if [ -n "$(dpkg --audit)" ]; then dpkg --configure -a --force-confold || transient "dpkg --configure -a failed"; fi
for package in etcd-server etcd-client; do
  if have $package; then apt remove $package || transient "apt-get remove $package failed"; fi
done
# Only the mask: a unit of our own would belong to a member that is still here.
if [ -L $unit ]; then rm -f $unit; fi
systemctl daemon-reload
