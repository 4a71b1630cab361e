#!/bin/sh
# Never sets a clock: it only sees to it that a time service does, and that it asks the site's servers.
. ./lib.sh
if shared; then exit 0; fi
if has_chrony; then
  if ! configured; then
    mkdir -p "${chrony%/*}" && chrony_sources >$chrony.new && mv -f $chrony.new $chrony
    systemctl restart chrony || exit 1
  fi
  exit 0
fi
if ! [ -x /usr/lib/systemd/systemd-timesyncd ] && ! [ -x /lib/systemd/systemd-timesyncd ]; then
  required || exit 0
  apt-get -q -y -o DPkg::Lock::Timeout=300 -o Acquire::Retries=3 -o APT::Update::Error-Mode=any -o Dpkg::Use-Pty=0 update || transient "apt-get update failed: are the package sources within reach?"
  apt-get -q -y -o DPkg::Lock::Timeout=300 -o Acquire::Retries=3 -o APT::Update::Error-Mode=any -o Dpkg::Use-Pty=0 --no-install-recommends install systemd-timesyncd || transient "systemd-timesyncd could not be installed"
fi
if ! configured; then
  mkdir -p "${timesyncd%/*}" && timesyncd_conf >$timesyncd.new && mv -f $timesyncd.new $timesyncd
  systemctl restart systemd-timesyncd || exit 1
fi
systemctl enable -q --now systemd-timesyncd
