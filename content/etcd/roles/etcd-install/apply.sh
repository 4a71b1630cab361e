#!/bin/sh
# Masks the unit before apt unpacks it, and only then installs. A mask put there by a former, killed run is kept.
. ./lib.sh
if ! guarded; then
  mkdir -p /etc/systemd/system
  ln -sfn /dev/null $unit.new && mv -f $unit.new $unit
  systemctl daemon-reload
fi
# An apt killed half way leaves packages unconfigured, and apt then refuses to do anything.
if [ -n "$(dpkg --audit)" ]; then dpkg --configure -a --force-confold || transient "dpkg --configure -a failed"; fi
if ! apt-cache show etcd-server etcd-client >/dev/null 2>&1; then
  apt update || transient "apt-get update failed: are the package sources within reach?"
fi
apt install etcd-server etcd-client && exit 0
# Lists may be older than the mirror.
apt update || transient "apt-get update failed: are the package sources within reach?"
apt install etcd-server etcd-client || transient "apt-get install etcd-server etcd-client failed"
