#!/bin/sh
# Nothing unconfigured, nothing broken, nothing left that an upgrade would still install.
set -u
if [ -n "$(dpkg --audit)" ]; then
  dpkg --audit
  exit 1
fi
left=$(apt-get -s -q upgrade | grep -c '^Inst ')
if [ "$left" -ne 0 ]; then
  echo "$left upgrades are still pending"
  exit 1
fi
