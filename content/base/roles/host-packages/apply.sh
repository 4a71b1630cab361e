#!/bin/sh
. ./lib.sh
# An apt killed half way leaves packages unconfigured, and apt then refuses to do anything.
if [ -n "$(dpkg --audit)" ]; then dpkg --configure -a --force-confold || transient "dpkg --configure -a failed"; fi

if ! configured; then
  put $proxy_conf "$(wanted_proxy)"
  put $sources "$(list base.aptSources)"
  apt update || transient "apt-get update failed: are the package sources within reach?"
fi
packages=$(missing)
[ -n "$packages" ] || exit 0
# Lists there already may do; where they do not, they are fetched once. A name no source has is not a network's fault.
# shellcheck disable=SC2086 # one word a package
apt install $packages && exit 0
apt update || transient "apt-get update failed: are the package sources within reach?"
for package in $packages; do
  if ! apt-cache show "$package" >/dev/null 2>&1; then
    say "no package source has '$package'"
    exit 1
  fi
done
# shellcheck disable=SC2086
apt install $packages || transient "apt-get install failed"
